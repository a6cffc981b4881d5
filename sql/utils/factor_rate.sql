create or replace function utils.factor_rate(input text) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.lower(pg_catalog.btrim(pg_catalog.regexp_replace(input, '[\s_-]+', ' ', 'g')));
  per_year constant jsonb := '{"second": 31557600, "minute": 525960, "hour": 8766, "day": 365.25, "week": 52.1786,
    "month": 12, "quarter": 4, "year": 1}'::jsonb;
  known constant jsonb := '{"never": 0, "hourly": 8766, "daily": 365.25, "weekly": 52.1786, "biweekly": 26.0893,
    "fortnightly": 26.0893, "semimonthly": 24, "monthly": 12, "bimonthly": 6, "quarterly": 4, "semiannually": 2,
    "biannually": 2, "half yearly": 2, "yearly": 1, "annually": 1, "annual": 1, "biennially": 0.5}'::jsonb;
  p text[];
begin
  if known ? words then
    return (known ->> words)::numeric;
  end if;
  p := pg_catalog.regexp_match(words,
    '^(once|twice|([0-9]{1,9}) ?(?:x|times?)?) ?(?:an?|per|every|each|/) ?(second|minute|hour|day|week|month|quarter|year)$');
  if p is not null then
    return (per_year ->> p[3])::numeric * case p[1] when 'once' then 1 when 'twice' then 2 else p[2]::numeric end;
  end if;
  p := pg_catalog.regexp_match(words,
    '^every (other |([0-9]{1,9}) )?(second|minute|hour|day|week|month|quarter|year)s?$');
  return (per_year ->> p[3])::numeric / nullif(case when p[1] = 'other ' then 2 else coalesce(p[2]::numeric, 1) end, 0);
end
$$;

comment on function utils.factor_rate(text) is
  'How many times a year: weekly, "twice a month", "3 times per day", "every 2 weeks", never; null when it is no frequency.';

revoke execute on function utils.factor_rate(text) from public;
grant execute on function utils.factor_rate(text) to authenticated, service_role;

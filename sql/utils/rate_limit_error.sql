create or replace function utils.rate_limit_error(rate_limit jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when rate_limit is null or rate_limit = 'null' then null
    when pg_catalog.jsonb_typeof(rate_limit) <> 'object' then
      pg_catalog.format('an object such as {"second": 5}, not %s', pg_catalog.jsonb_typeof(rate_limit))
    else (
      select case
        when l.key not in ('second', 'minute', 'day') then
          pg_catalog.format('"%s" is unknown: known are second, minute, day', l.key)
        else pg_catalog.format('"%s" is a whole number from 1 to 1000000000, not %s', l.key, pg_catalog."left"(l.value::text, 80))
        end
      from pg_catalog.jsonb_each(rate_limit) as l
      where l.key not in ('second', 'minute', 'day')
        or case when pg_catalog.jsonb_typeof(l.value) = 'number'
          then not ((l.value #>> '{}')::numeric between 1 and 1000000000
            and (l.value #>> '{}')::numeric = pg_catalog.trunc((l.value #>> '{}')::numeric))
          else true end
      order by l.key
      limit 1)
    end
$$;

comment on function utils.rate_limit_error(jsonb) is
  'What is wrong with a rate limit {"second": n, "minute": n, "day": n}; null when nothing is.';

revoke execute on function utils.rate_limit_error(jsonb) from public;
grant execute on function utils.rate_limit_error(jsonb) to authenticated, service_role;

create or replace function utils.date_format(tally jsonb, named boolean) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  dmy constant numeric := coalesce((tally ->> 'dmy')::numeric, 0);
  mdy constant numeric := coalesce((tally ->> 'mdy')::numeric, 0);
begin
  return nullif(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'order', case when tally ? 'either' or dmy + mdy > 0 then case when dmy > mdy then 'dmy' else 'mdy' end end,
    -- Nothing told them apart: the reader of this should know.
    'assumed', case when tally ? 'either' and dmy + mdy = 0 then true end,
    'time', case when tally ? 'time' then true end,
    'precision', case when tally ?| array['year', 'whole_year'] then 'year' when tally ? 'whole_month' then 'month' end,
    'epoch', case when named and tally ? 'seconds' then 's' when named and tally ? 'millis' then 'ms' end)), '{}');
end
$$;

comment on function utils.date_format(jsonb, boolean) is
  'How a column writes its dates, from {mark: count}: order (dmy, mdy; assumed when no value told), time, precision (year, month), epoch (s, ms; only when its name speaks of dates); null when all is ISO days.';

revoke execute on function utils.date_format(jsonb, boolean) from public;
grant execute on function utils.date_format(jsonb, boolean) to authenticated, service_role;

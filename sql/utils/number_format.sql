create or replace function utils.number_format(tally jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return nullif(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'decimal', case when coalesce((tally ->> 'comma')::numeric, 0) > coalesce((tally ->> 'point')::numeric, 0) then ',' end,
    'percent', case when tally ? 'percent' then true end,
    'currency', case when tally ? 'currency' then true end)), '{}');
end
$$;

comment on function utils.number_format(jsonb) is
  'How a column writes its numbers, from {mark: count}: decimal "," when it is the comma, percent and currency when some are; null when they are plain.';

revoke execute on function utils.number_format(jsonb) from public;
grant execute on function utils.number_format(jsonb) to authenticated, service_role;

create or replace function etl_api.spread_rows(rows jsonb, max_rows int default 1000) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  height constant int := case when pg_catalog.jsonb_typeof(rows) = 'array' then pg_catalog.jsonb_array_length(rows) else 0 end;
begin
  if height <= max_rows then
    return rows;
  end if;
  return (
    select pg_catalog.jsonb_agg(rows -> (n * height::bigint / max_rows)::int)
    from pg_catalog.generate_series(0, max_rows - 1) as n);
end
$$;

comment on function etl_api.spread_rows(jsonb, int) is
  'At most so many elements of an array, from its beginning to its end at even distances; the array itself when it has no more.';

revoke execute on function etl_api.spread_rows(jsonb, int) from public;
grant execute on function etl_api.spread_rows(jsonb, int) to service_role;

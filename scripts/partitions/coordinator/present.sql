create or replace function etl_route.present(missing_for text) returns int[]
language plpgsql
set search_path = ''
as $$
declare
  present int[];
  missing text;
begin
  select pg_catalog.array_agg(s.partition_no order by s.partition_no) filter (where s.reachable),
    pg_catalog.string_agg(s.name, ', ' order by s.partition_no) filter (where not s.reachable)
  into present, missing
  from etl_route.status() as s;
  if missing is null then
    return present;
  elsif coalesce(pg_catalog.current_setting('etl.partial_views', true), '') = 'on' then
    raise warning using
      errcode = 'ETL08',
      message = pg_catalog.format('%s is without partition %s, which cannot be reached', missing_for, missing);
    return coalesce(present, '{}');
  end if;
  raise exception using
    errcode = 'ETL08',
    message = pg_catalog.format('partition %s cannot be reached, so %s would not be complete', missing, missing_for),
    hint = 'set etl.partial_views = on shows what the others have, with a warning.';
end
$$;

comment on function etl_route.present(text) is
  'The partitions that answer, when something is to be read from all of them. ETL08 when one does not, unless etl.partial_views is on: then a warning.';

revoke execute on function etl_route.present(text) from public;
grant execute on function etl_route.present(text) to millrace_router;

create or replace function etl_api.fold_client_counts(max_tables int default 1000) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  free uuid[];
begin
  delete from etl_api.client_count_delta as d
  where not exists (
    select 1
    from public.client_schemas as s
    where s.client_id = d.client_id
      and s.table_name = d.table_name);
  free := array(
    select s.id
    from public.client_schemas as s
    where (s.client_id, s.table_name) in (
      select d.client_id, d.table_name
      from etl_api.client_count_delta as d)
    order by s.id
    limit max_tables
    for no key update skip locked);
  -- Another statement: it sees what the last holder has folded. Count and lines change at one moment, so a reader of both
  -- counts right at any.
  with folded as (
    delete from etl_api.client_count_delta as d
    using public.client_schemas as s
    where s.id = any (free)
      and d.client_id = s.client_id
      and d.table_name = s.table_name
    returning s.id, d.rows
  )
  update public.client_schemas as s
  set row_count = s.row_count + f.rows,
      data_stored = s.row_count + f.rows > 0
  from (
    select folded.id, pg_catalog.sum(folded.rows) as rows
    from folded
    group by folded.id
  ) as f
  where s.id = f.id;
  return pg_catalog.cardinality(free);
end
$$;

comment on function etl_api.fold_client_counts(int) is
  'Adds to the counts of clients'' tables what lies in client_count_delta, for at most max_tables that nobody else holds. Returns how many. The sweep calls it.';

revoke execute on function etl_api.fold_client_counts(int) from public;
grant execute on function etl_api.fold_client_counts(int) to service_role;

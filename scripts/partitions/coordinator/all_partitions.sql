create or replace function etl_route.all_partitions() returns int[]
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(p.partition_no order by p.partition_no), '{}')
  from etl_route.partition as p
$$;

comment on function etl_route.all_partitions() is 'The numbers of all partitions.';

revoke execute on function etl_route.all_partitions() from public;
grant execute on function etl_route.all_partitions() to millrace_router;

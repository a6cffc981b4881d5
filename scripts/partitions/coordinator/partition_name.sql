create or replace function etl_route.partition_name(partition_no int) returns text
language sql stable
set search_path = ''
as $$
  select p.name
  from etl_route.partition as p
  where p.partition_no = partition_name.partition_no
$$;

comment on function etl_route.partition_name(int) is 'The name of a partition.';

revoke execute on function etl_route.partition_name(int) from public;
grant execute on function etl_route.partition_name(int) to millrace_router;

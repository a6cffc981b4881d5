create or replace function etl_route.remote_ping(partition_no int, out answered_no int, out orgs bigint)
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select p.partition_no as answered_no, p.orgs from etl_partition.ping() as p;
$$;

comment on function etl_route.remote_ping(int) is 'etl_partition.ping on a partition.';

revoke execute on function etl_route.remote_ping(int) from public;
grant execute on function etl_route.remote_ping(int) to millrace_router;

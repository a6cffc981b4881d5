create or replace function etl_route.remote_find(partitions int[], caller jsonb, id uuid) returns table (partition_no int, org_id uuid)
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on pg_catalog.unnest(partitions);
  select f.partition_no, f.org_id from etl_partition.find(caller, id) as f;
$$;

comment on function etl_route.remote_find(int[], jsonb, uuid) is 'etl_partition.find on some partitions at once.';

revoke execute on function etl_route.remote_find(int[], jsonb, uuid) from public;
grant execute on function etl_route.remote_find(int[], jsonb, uuid) to millrace_router;

create or replace function etl_route.remote_dry_run(partition_no int, caller jsonb, org_id uuid, data jsonb) returns jsonb
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.dry_run(caller, org_id, data);
$$;

comment on function etl_route.remote_dry_run(int, jsonb, uuid, jsonb) is 'etl_partition.dry_run on a partition.';

revoke execute on function etl_route.remote_dry_run(int, jsonb, uuid, jsonb) from public;
grant execute on function etl_route.remote_dry_run(int, jsonb, uuid, jsonb) to millrace_router;

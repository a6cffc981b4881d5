create or replace function etl_route.remote_replay(
  partition_no int, caller jsonb, org_id uuid, endpoint_id uuid, since timestamptz, until timestamptz, delivered_too boolean)
returns jsonb
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.replay(caller, org_id, endpoint_id, since, until, delivered_too);
$$;

comment on function etl_route.remote_replay(int, jsonb, uuid, uuid, timestamptz, timestamptz, boolean) is 'etl_partition.replay on a partition.';

revoke execute on function etl_route.remote_replay(int, jsonb, uuid, uuid, timestamptz, timestamptz, boolean) from public;
grant execute on function etl_route.remote_replay(int, jsonb, uuid, uuid, timestamptz, timestamptz, boolean) to millrace_router;

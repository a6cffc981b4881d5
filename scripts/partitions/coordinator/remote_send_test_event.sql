create or replace function etl_route.remote_send_test_event(partition_no int, caller jsonb, org_id uuid, endpoint_id uuid) returns jsonb
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.send_test_event(caller, org_id, endpoint_id);
$$;

comment on function etl_route.remote_send_test_event(int, jsonb, uuid, uuid) is 'etl_partition.send_test_event on a partition.';

revoke execute on function etl_route.remote_send_test_event(int, jsonb, uuid, uuid) from public;
grant execute on function etl_route.remote_send_test_event(int, jsonb, uuid, uuid) to millrace_router;

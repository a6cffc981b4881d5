create or replace function etl_route.remote_act(partition_no int, caller jsonb, verb text, org_id uuid, id uuid) returns jsonb
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.act(caller, verb, org_id, id);
$$;

comment on function etl_route.remote_act(int, jsonb, text, uuid, uuid) is 'etl_partition.act on a partition.';

revoke execute on function etl_route.remote_act(int, jsonb, text, uuid, uuid) from public;
grant execute on function etl_route.remote_act(int, jsonb, text, uuid, uuid) to millrace_router;

create or replace function etl_route.remote_explain(partition_no int, caller jsonb, org_id uuid, id uuid) returns setof text
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.explain(caller, org_id, id);
$$;

comment on function etl_route.remote_explain(int, jsonb, uuid, uuid) is 'etl_partition.explain on a partition.';

revoke execute on function etl_route.remote_explain(int, jsonb, uuid, uuid) from public;
grant execute on function etl_route.remote_explain(int, jsonb, uuid, uuid) to millrace_router;

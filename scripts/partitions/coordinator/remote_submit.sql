create or replace function etl_route.remote_submit(
  partition_no int, caller jsonb, org_id uuid, data jsonb, idempotency_key text, priority int, not_before timestamptz,
  deadline_at timestamptz)
returns uuid
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select * from etl_partition.submit(caller, org_id, data, idempotency_key, priority, not_before, deadline_at);
$$;

comment on function etl_route.remote_submit(int, jsonb, uuid, jsonb, text, int, timestamptz, timestamptz) is
  'etl_partition.submit on a partition.';

revoke execute on function etl_route.remote_submit(int, jsonb, uuid, jsonb, text, int, timestamptz, timestamptz) from public;
grant execute on function etl_route.remote_submit(int, jsonb, uuid, jsonb, text, int, timestamptz, timestamptz) to millrace_router;

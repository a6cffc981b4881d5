create or replace function etl_partition.submit(
  caller jsonb, org_id uuid, data jsonb, idempotency_key text, priority int, not_before timestamptz, deadline_at timestamptz)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  made uuid;
begin
  perform etl_partition.become(caller);
  insert into public.workflow_request (org_id, data, idempotency_key, priority, not_before, deadline_at)
  values (submit.org_id, submit.data, submit.idempotency_key, submit.priority, submit.not_before, submit.deadline_at)
  returning id into made;
  return made;
end
$$;

comment on function etl_partition.submit(jsonb, uuid, jsonb, text, int, timestamptz, timestamptz) is
  'Inserts a workflow request for the caller and returns its id.';

revoke execute on function etl_partition.submit(jsonb, uuid, jsonb, text, int, timestamptz, timestamptz)
  from public, anon, authenticated, service_role;
grant execute on function etl_partition.submit(jsonb, uuid, jsonb, text, int, timestamptz, timestamptz) to millrace_coordinator;

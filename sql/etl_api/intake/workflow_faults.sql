create or replace function etl_api.workflow_faults(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language sql
set search_path = ''
as $$
  select *
  from etl_api.activities_faults(workflow_request_ids, etl_api.requested_activities(workflow_request_ids))
$$;

comment on function etl_api.workflow_faults(uuid[]) is
  'Every fault in the data of requests: its code, its place, what was found there, what that means and what to do.';

revoke execute on function etl_api.workflow_faults(uuid[]) from public;
grant execute on function etl_api.workflow_faults(uuid[]) to service_role;

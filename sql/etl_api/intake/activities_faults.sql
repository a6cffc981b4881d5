create or replace function etl_api.activities_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query select * from etl_api.request_faults(workflow_request_ids);
  return query select * from etl_api.activity_faults(activities);
  return query select * from etl_api.config_faults(workflow_request_ids, activities);
  return query select * from etl_api.datapoint_faults(activities);
  return query select * from etl_api.source_faults(activities);
  return query select * from etl_api.webhook_faults(workflow_request_ids, activities);
  return query select * from etl_api.target_faults(activities);
  return query select * from etl_api.dependency_faults(activities);
end
$$;

comment on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) is
  'Every fault of requests whose activities have been read and resolved.';

revoke execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.activities_faults(uuid[], etl_api.requested_activity[]) to service_role;

create or replace function etl_api.body_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  if activities = '{}' then
    return;
  end if;
  return query
  select * from etl_api.activity_faults(activities)
  union all
  select * from etl_api.config_faults('{}', activities)
  union all
  select * from etl_api.limit_faults(activities)
  union all
  select * from etl_api.datapoint_faults(activities)
  union all
  select * from etl_api.source_faults(activities)
  union all
  select * from etl_api.webhook_faults('{}', activities)
  union all
  select * from etl_api.target_faults(activities)
  union all
  select * from etl_api.table_faults(activities);
end
$$;

comment on function etl_api.body_faults(etl_api.requested_activity[]) is
  'What is wrong with activities each by itself: all that the org, the key and the body decide.';

revoke execute on function etl_api.body_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.body_faults(etl_api.requested_activity[]) to service_role;

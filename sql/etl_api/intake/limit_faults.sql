create or replace function etl_api.limit_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_objects');
begin
  return query
  select a.workflow_request_id, 'too_many_objects', etl_api.json_path('data', a.activity_key, 'setup', 'config', 'max_objects'),
    pg_catalog.to_jsonb(a.max_objects),
    pg_catalog.format('The activity %s asks for up to %s objects; %s is the most.',
      pg_catalog.to_json(a.activity_name), a.max_objects, most),
    case when coalesce(a.body #> '{setup,config}' ? 'max_objects', false)
      then 'Write a smaller number, or ask the operator to raise the setting max_objects.'
      else 'It stands in the config of the activity itself: set it right there, or write a smaller number here.' end
  from pg_catalog.unnest(activities) as a
  where a.max_objects > most;
end
$$;

comment on function etl_api.limit_faults(etl_api.requested_activity[]) is
  'Activities that ask for more objects than the setting max_objects allows.';

revoke execute on function etl_api.limit_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.limit_faults(etl_api.requested_activity[]) to service_role;

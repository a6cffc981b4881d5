create or replace function etl_api.dry_run_plan(org_id uuid, data jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  request_id uuid;
  request record;
  activities jsonb;
begin
  insert into public.workflow_request (org_id, data)
  values (dry_run_plan.org_id, dry_run_plan.data)
  returning id into request_id;

  select w.state, w.errors into request
  from public.workflow_request as w
  where w.id = request_id
    and w.replay = 0;
  if request.state = 'invalid' then
    return pg_catalog.jsonb_build_object(
      'valid', false, 'errors', request.errors, 'activities', '[]'::jsonb, 'request_count', 0, 'cost', 0, 'requests', '[]'::jsonb);
  end if;

  activities := etl_api.dry_run_activities(request_id);
  return pg_catalog.jsonb_build_object(
    'valid', true,
    'errors', null,
    'activities', activities,
    'request_count', (select pg_catalog.sum((a.value ->> 'requests')::bigint) from pg_catalog.jsonb_array_elements(activities) as a),
    'cost', (select pg_catalog.sum((a.value ->> 'cost')::numeric) from pg_catalog.jsonb_array_elements(activities) as a),
    'requests', etl_api.dry_run_requests(request_id, 100));
end
$$;

comment on function etl_api.dry_run_plan(uuid, jsonb) is
  'Inserts a workflow request and tells what it would do now; see dry_run, which undoes it.';

revoke execute on function etl_api.dry_run_plan(uuid, jsonb) from public;

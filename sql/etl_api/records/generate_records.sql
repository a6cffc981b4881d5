create or replace function etl_api.generate_records(as_user uuid, of_table uuid, total_records int, request jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  of_org uuid;
  job public.ai_generation_jobs;
  workflow public.workflow_request;
begin
  perform etl_api.act_for(as_user);
  of_org := etl_api.org_of_table(of_table);
  if pg_catalog.jsonb_typeof(generate_records.request -> 'workflow') is distinct from 'object' then
    return pg_catalog.jsonb_build_object('job_id', etl_api.start_generation(of_table, request, total_records));
  end if;
  insert into public.workflow_request (org_id, data) values (of_org, request -> 'workflow')
  returning * into workflow;
  select w.* into workflow from public.workflow_request as w where w.id = workflow.id;
  select j.* into job
  from public.ai_generation_jobs as j
  where j.workflow_request_id = workflow.id
    and j.table_id = of_table
  order by j.created_at, j.id
  limit 1;
  if workflow.state = 'invalid' or job.id is null then
    raise exception using
      errcode = 'ETL04',
      message = coalesce(workflow.errors #>> '{0,path}' || ': ' || (workflow.errors #>> '{0,message}'),
        pg_catalog.format('no activity of the workflow has table %s as its destination', of_table)),
      hint = 'Give the data of a workflow request, an activity of which has destination.table.';
  end if;
  update public.ai_generation_jobs as j
  set request = j.request || (generate_records.request - 'workflow'),
      total_records = greatest(j.total_records, generate_records.total_records)
  where j.id = job.id;
  return pg_catalog.jsonb_build_object('job_id', job.id, 'workflow_request_id', workflow.id);
end
$$;

comment on function etl_api.generate_records(uuid, uuid, int, jsonb) is
  'Begins a generation for a table, for the function records-generate: a job, or with request.workflow a workflow request whose result lands there. Returns job_id, workflow_request_id. ETL04: no such table, or a request that is invalid; ETL06: the user may not.';

revoke execute on function etl_api.generate_records(uuid, uuid, int, jsonb) from public;
grant execute on function etl_api.generate_records(uuid, uuid, int, jsonb) to service_role;

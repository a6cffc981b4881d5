create or replace function etl_api.create_table_jobs(activities etl_api.requested_activity[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job public.ai_generation_jobs;
begin
  -- A loop over the few that name a table.
  for job in
    insert into public.ai_generation_jobs
      (organization_id, table_id, activity_request_id, workflow_request_id, request, created_by, created_at, updated_at)
    select a.org_id, (a.body #>> '{destination,table,id}')::uuid, a.id, a.workflow_request_id,
      pg_catalog.jsonb_build_object('mode', coalesce(a.body #>> '{destination,table,mode}', 'insert'), 'activity_key', a.activity_key),
      auth.uid(), utils.now(), utils.now()
    from pg_catalog.unnest(activities) as a
    where coalesce(a.body #> '{destination,table}', 'null') <> 'null'
    returning *
  loop
    perform etl_api.tell_progress(job, 'pending', 'Generation started');
  end loop;
end
$$;

comment on function etl_api.create_table_jobs(etl_api.requested_activity[]) is
  'Begins a generation for each of these activity requests whose result goes into a table (destination.table).';

revoke execute on function etl_api.create_table_jobs(etl_api.requested_activity[]) from public;
grant execute on function etl_api.create_table_jobs(etl_api.requested_activity[]) to service_role;

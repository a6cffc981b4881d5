create or replace function etl_api.land_activity_results(activity_request_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job public.ai_generation_jobs;
  ended record;
  fault_state text;
  fault_message text;
begin
  -- A loop over the few whose result goes into a table.
  for job in
    select j.*
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select g.* from public.ai_generation_jobs as g where g.activity_request_id = i.id offset 0
    ) as j
    order by j.id
  loop
    select a.state, a.state_substate, coalesce(r.objects, '[]') as objects into ended
    from public.activity_request as a
    left join public.activity_result as r on r.activity_request_id = a.id
    where a.id = job.activity_request_id;
    continue when ended.state is null or ended.state not in ('done', 'delivered', 'failed', 'timedout', 'invalid');
    begin
      if ended.objects = '[]' and ended.state not in ('done', 'delivered') then
        raise exception using errcode = 'ETL05', message = pg_catalog.concat_ws(': ', 'the activity is ' || ended.state, ended.state_substate);
      end if;
      perform etl_api.land_activity_result(job, ended.objects);
    exception when others then
      get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
      if etl_api.fault_passes(fault_state) then
        raise;
      end if;
      -- The request goes on without its table, and both say so.
      update public.ai_generation_jobs as j
      set status = 'failed', stage = 'failed', error_message = fault_message, updated_at = utils.now()
      where j.id = job.id;
      perform etl_api.tell_progress(job, 'failed', fault_message, 'error');
      perform etl_api.logger('warn', 'records', 'The result of an activity did not land in its table.',
        pg_catalog.jsonb_build_object('job_id', job.id, 'error', fault_message), job.organization_id);
    end;
  end loop;
end
$$;

comment on function etl_api.land_activity_results(uuid[]) is
  'Brings the results of those of these activity requests that have ended and name a table (destination.table) there, in the transaction that ends them; again after a retry, each object once.';

revoke execute on function etl_api.land_activity_results(uuid[]) from public;
grant execute on function etl_api.land_activity_results(uuid[]) to service_role;

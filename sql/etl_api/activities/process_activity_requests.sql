create or replace function etl_api.process_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  moment constant timestamptz := utils.now();
  started_ids uuid[];
begin
  -- The limit tells the planner of a few rows at most: they are looked up by their key, and never joined to a scan.
  with started as (
    update public.activity_request as ar
    set state = 'in_progress',
        state_substate = null,
        state_via = null,
        errors = null,
        started_at = moment,
        finished_at = null,
        timeout_at = moment + etl_api.time_limit(ar.config, 'activity_timeout_seconds')
    from (select t.id from unnest(activity_request_ids) as t (id) limit pg_catalog.cardinality(activity_request_ids)) as i
    where ar.id = i.id
      and ar.state = 'ready'
    returning ar.id
  )
  select pg_catalog.array_agg(s.id order by s.id) into started_ids
  from started as s;
  if started_ids is not null then
    -- A retry decides anew: by what is known now, and by the guardrails as they are now.
    delete from public.guardrail_refusal as r
    where r.activity_request_id = any (started_ids)
      and r.stage = 'before_run';
    perform etl_api.start_activity_requests(started_ids);
  end if;
end
$$;

comment on function etl_api.process_activity_requests(uuid[]) is
  'Sets activity requests that are ready to work; see start_activity_requests. The caller holds the workflow locks.';

revoke execute on function etl_api.process_activity_requests(uuid[]) from public;
grant execute on function etl_api.process_activity_requests(uuid[]) to service_role;

create or replace function etl_api.advance_waiting_activities(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  failed_ids uuid[];
  skipped_ids uuid[];
  start_ids uuid[];
begin
  if not exists (
    select 1
    from unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select known.state
      from public.activity_request as known
      where known.workflow_request_id = i.id
      offset 0
    ) as ar
    where ar.state = 'waiting')
  then
    return;
  end if;
  select
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'fail'),
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'skip'),
    pg_catalog.array_agg(v.activity_request_id) filter (where v.verdict = 'start')
  into failed_ids, skipped_ids, start_ids
  from etl_api.waiting_verdicts(workflow_request_ids) as v;

  if failed_ids is not null then
    perform etl_api.drop_waiting_activities(failed_ids);
  end if;
  if skipped_ids is not null then
    perform etl_api.skip_waiting_activities(skipped_ids);
  end if;
  if start_ids is not null then
    perform etl_api.start_waiting_activities(start_ids);
  end if;
end
$$;

comment on function etl_api.advance_waiting_activities(uuid[]) is
  'One round of advance_workflows: ends, skips and starts the waiting activity requests of workflow requests of which that can be said now. What ends leads to a further round.';

revoke execute on function etl_api.advance_waiting_activities(uuid[]) from public;
grant execute on function etl_api.advance_waiting_activities(uuid[]) to service_role;

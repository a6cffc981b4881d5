create or replace function etl_api.advance_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  over_ids uuid[];
begin
  over_ids := etl_api.activities_without_open_runs(activity_request_ids);
  if over_ids is null then
    return;
  end if;

  -- A search that found nothing has its next source asked; what then has an open run goes on.
  if etl_api.create_run(over_ids) > 0 then
    over_ids := etl_api.activities_without_open_runs(over_ids);
    if over_ids is null then
      return;
    end if;
  end if;

  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  update public.activity_request as ar
  set state = e.state,
      state_via = null,
      state_substate = e.substate,
      finished_at = utils.now()
  from etl_api.activity_ends(over_ids) as e
  where ar.id = e.activity_request_id
    and ar.state = 'in_progress';

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (over_ids)));
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: asks the next source where one is left, else rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;

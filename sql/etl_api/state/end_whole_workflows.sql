create or replace function etl_api.end_whole_workflows(
  workflow_request_ids uuid[], to_state text, substate text, message text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  why constant text := pg_catalog.current_setting('etl.reason', true);
  ended_ids uuid[];
begin
  perform etl_api.end_activities(
    array(
      select ar.id
      from public.activity_request as ar
      where ar.workflow_request_id = any (workflow_request_ids)
        and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      order by ar.id),
    to_state, substate, message);

  -- A workflow request has no error of its own that history could quote.
  perform etl_api.set_reason(coalesce(nullif(why, ''), message));
  with ended as (
    update public.workflow_request as w
    set state = to_state::public.workflow_request_state,
        state_via = case when to_state = 'timedout'
          then etl_api.steps_to_timedout(w.state::text)::public.workflow_request_state[] end,
        state_substate = substate,
        finished_at = utils.now()
    where w.id = any (workflow_request_ids)
      and w.replay = 0
      and w.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    returning w.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  perform etl_api.set_reason(why);
  if ended_ids is null then
    return 0;
  end if;
  perform etl_api.deliver_workflow_results(ended_ids);
  return pg_catalog.cardinality(ended_ids);
end
$$;

comment on function etl_api.end_whole_workflows(uuid[], text, text, text) is
  'Ends open workflow requests with all below them as failed (cancelled) or timedout and queues their messages. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.end_whole_workflows(uuid[], text, text, text) from public;
grant execute on function etl_api.end_whole_workflows(uuid[], text, text, text) to service_role;

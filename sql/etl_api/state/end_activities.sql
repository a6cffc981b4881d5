create or replace function etl_api.end_activities(
  activity_request_ids uuid[], to_state text, substate text, message text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  ended_ids uuid[];
begin
  perform etl_api.end_open_runs(activity_request_ids, to_state, substate, message);

  with ended as (
    update public.activity_request as ar
    set state = to_state::public.activity_request_state,
        state_via = case when to_state = 'timedout'
          then etl_api.steps_to_timedout(ar.state::text)::public.activity_request_state[] end,
        state_substate = substate,
        errors = coalesce(ar.errors, '[]') || pg_catalog.jsonb_build_object(
          'code', substate, 'path', null, 'found', null, 'message', message,
          'hint', 'etl_api.retry(id) takes it up again.'),
        finished_at = utils.now()
    where ar.id = any (activity_request_ids)
      and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    returning ar.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  if ended_ids is null then
    return 0;
  end if;

  -- What was found until now is told all the same.
  perform etl_api.reconstruct_values_to_activity_requests(ended_ids);
  perform etl_api.deliver_activity_results(ended_ids);
  perform etl_api.land_activity_results(ended_ids);
  return pg_catalog.cardinality(ended_ids);
end
$$;

comment on function etl_api.end_activities(uuid[], text, text, text) is
  'Ends open activity requests with all below them as failed (cancelled) or timedout and queues their messages. Returns how many. The caller holds the workflow locks and moves the workflows on.';

revoke execute on function etl_api.end_activities(uuid[], text, text, text) from public;
grant execute on function etl_api.end_activities(uuid[], text, text, text) to service_role;

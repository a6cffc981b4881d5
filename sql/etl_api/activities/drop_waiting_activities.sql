create or replace function etl_api.drop_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.activity_request as ar
  set state = 'invalid',
      state_via = null,
      state_substate = 'dependency_failed',
      errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
      finished_at = utils.now()
  -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
  from (select given.id from unnest(activity_request_ids) as given (id) limit pg_catalog.cardinality(activity_request_ids)) as i
  where ar.id = i.id
    and ar.state = 'waiting';
  perform etl_api.deliver_activity_results(activity_request_ids);
  perform etl_api.land_activity_results(activity_request_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from unnest(activity_request_ids) as i (id)
    -- By key: in the order of another index the planner would read all of them.
    cross join lateral (
      select ended.workflow_request_id
      from public.activity_request as ended
      where ended.id = i.id
      offset 0
    ) as ar));
end
$$;

comment on function etl_api.drop_waiting_activities(uuid[]) is
  'Ends activity requests as invalid because one they depend on failed, and queues their messages.';

revoke execute on function etl_api.drop_waiting_activities(uuid[]) from public;
grant execute on function etl_api.drop_waiting_activities(uuid[]) to service_role;

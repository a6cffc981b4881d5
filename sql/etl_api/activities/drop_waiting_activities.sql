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
  where ar.id = any (activity_request_ids)
    and ar.state = 'waiting';
  perform etl_api.deliver_activity_results(activity_request_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)));
end
$$;

comment on function etl_api.drop_waiting_activities(uuid[]) is
  'Ends activity requests as invalid because one they depend on failed, and queues their messages.';

revoke execute on function etl_api.drop_waiting_activities(uuid[]) from public;
grant execute on function etl_api.drop_waiting_activities(uuid[]) to service_role;

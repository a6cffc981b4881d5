create or replace function etl_api.skip_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One that ran before and was retried may have objects; skipped, it has none.
  delete from public.activity_object as ao
  where ao.activity_request_id = any (activity_request_ids);

  update public.activity_request as ar
  set state = 'done',
      state_via = '{ready,in_progress}',
      state_substate = 'skipped',
      errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
      started_at = null,
      finished_at = utils.now()
  where ar.id = any (activity_request_ids)
    and ar.state = 'waiting';
  perform etl_api.reconstruct_values_to_activity_requests(activity_request_ids);
  perform etl_api.deliver_activity_results(activity_request_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)));
end
$$;

comment on function etl_api.skip_waiting_activities(uuid[]) is
  'Ends activity requests as done, skipped, with an empty result, because one they depend on failed and says that they are skipped; queues their messages.';

revoke execute on function etl_api.skip_waiting_activities(uuid[]) from public;
grant execute on function etl_api.skip_waiting_activities(uuid[]) to service_role;

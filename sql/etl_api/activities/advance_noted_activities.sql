create or replace function etl_api.advance_noted_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  half constant int := pg_catalog.cardinality(activity_request_ids) / 2;
  fault_state text;
  fault_message text;
begin
  perform etl_api.lock_activity_workflows(activity_request_ids);
  perform etl_api.create_run(activity_request_ids);
  perform etl_api.advance_activities(activity_request_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  -- All locks at once again, in their order, before the parts take theirs.
  perform etl_api.lock_activity_workflows(activity_request_ids);
  if half > 0 then
    perform etl_api.advance_noted_activities(activity_request_ids[1 : half]);
    perform etl_api.advance_noted_activities(activity_request_ids[half + 1 :]);
  else
    perform etl_api.refuse_activity(activity_request_ids[1], fault_state, fault_message);
  end if;
end
$$;

comment on function etl_api.advance_noted_activities(uuid[]) is
  'Creates the runs that activity requests need next, or ends them. When that fails, it halves them until the one that raises stands alone, ends that as failed (internal_error) and moves the others on.';

revoke execute on function etl_api.advance_noted_activities(uuid[]) from public;
grant execute on function etl_api.advance_noted_activities(uuid[]) to service_role;

create or replace function etl_api.time_out_activities(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  due_ids constant uuid[] := array(
    select ar.id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
      and ar.state in ('ready', 'waiting', 'in_progress')
      and ar.timeout_at <= utils.now()
    order by ar.id);
  ended int;
begin
  ended := etl_api.end_activities(due_ids, 'timedout', 'activity_timeout',
    'The activity was over its time (activity_timeout_seconds) without an end.');
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (due_ids)));
  return ended;
end
$$;

comment on function etl_api.time_out_activities(uuid[]) is
  'Times out those of these activity requests that are over their time, with all below them, and moves their workflows on. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_activities(uuid[]) from public;
grant execute on function etl_api.time_out_activities(uuid[]) to service_role;

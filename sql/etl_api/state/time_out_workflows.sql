create or replace function etl_api.time_out_workflows(workflow_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
begin
  return etl_api.end_whole_workflows(
    array(
      select w.id
      from public.workflow_request as w
      where w.id = any (workflow_request_ids)
        and w.replay = 0
        and w.state in ('ready', 'waiting', 'in_progress')
        and w.timeout_at <= utils.now()
      order by w.id),
    'timedout', 'workflow_timeout',
    'The request was over its time (data.config.timeout_seconds) without an end.');
end
$$;

comment on function etl_api.time_out_workflows(uuid[]) is
  'Times out those of these workflow requests that are over their time, with all below them. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_workflows(uuid[]) from public;
grant execute on function etl_api.time_out_workflows(uuid[]) to service_role;

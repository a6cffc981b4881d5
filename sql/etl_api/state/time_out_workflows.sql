create or replace function etl_api.time_out_workflows(workflow_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  late_ids uuid[];
  slow_ids uuid[];
begin
  select
    coalesce(pg_catalog.array_agg(w.id order by w.id) filter (where w.deadline_at <= w.timeout_at), '{}'),
    coalesce(pg_catalog.array_agg(w.id order by w.id) filter (where w.deadline_at <= w.timeout_at is not true), '{}')
  into late_ids, slow_ids
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
    and w.state in ('ready', 'waiting', 'in_progress')
    and w.timeout_at <= utils.now();

  return etl_api.end_whole_workflows(slow_ids, 'timedout', 'workflow_timeout',
      'The request was over its time (data.config.timeout_seconds) without an end.')
    + etl_api.end_whole_workflows(late_ids, 'timedout', 'deadline',
      'The request had not ended by its deadline (deadline_at).');
end
$$;

comment on function etl_api.time_out_workflows(uuid[]) is
  'Times out those of these workflow requests that are over their time or their deadline, with all below them. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_workflows(uuid[]) from public;
grant execute on function etl_api.time_out_workflows(uuid[]) to service_role;

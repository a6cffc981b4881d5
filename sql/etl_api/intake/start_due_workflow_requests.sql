create or replace function etl_api.start_due_workflow_requests(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  due_ids uuid[];
begin
  -- What another clock holds is being started by it. What is over its deadline as well is timed out by the sweep.
  select pg_catalog.array_agg(due.id) into due_ids
  from (
    select w.id
    from public.workflow_request as w
    where w.state = 'waiting'
      and w.is_open
      and w.not_before <= moment
      and (w.timeout_at is null or w.timeout_at > moment)
      and w.replay = 0
    order by w.not_before
    limit max_rows
    for no key update skip locked
  ) as due;
  if due_ids is null then
    return 0;
  end if;
  perform etl_api.process_workflow_requests(due_ids);
  return pg_catalog.cardinality(due_ids);
end
$$;

comment on function etl_api.start_due_workflow_requests(int) is
  'Starts requests that have waited for their not_before, those due longest first. They are validated again: what they name may be gone by now. Returns how many.';

revoke execute on function etl_api.start_due_workflow_requests(int) from public;
grant execute on function etl_api.start_due_workflow_requests(int) to service_role;

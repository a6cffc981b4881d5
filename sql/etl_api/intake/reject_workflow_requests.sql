create or replace function etl_api.reject_workflow_requests(workflow_request_ids uuid[], faults jsonb[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty: whatever it thought, rows are looked up by their keys.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update public.workflow_request as w
  set state = 'invalid',
      state_substate = f.errors -> 0 ->> 'code',
      state_via = null,
      errors = f.errors,
      finished_at = moment
  from unnest(workflow_request_ids, faults) as f (id, errors)
  where w.id = f.id
    and w.replay = 0
    and w.state = 'new';
end
$$;

comment on function etl_api.reject_workflow_requests(uuid[], jsonb[]) is
  'Ends requests as invalid, each with its errors, the first of which names the class.';

revoke execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) from public;
grant execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) to service_role;

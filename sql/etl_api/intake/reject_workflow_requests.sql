create or replace function etl_api.reject_workflow_requests(workflow_request_ids uuid[], faults jsonb[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty. A generic plan expects a tenth of its input from a limit it
-- does not know, so a few rows at most: they are looked up by their key, and never joined to a scan of the table.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update public.workflow_request as w
  set state = 'invalid',
      state_substate = f.errors -> 0 ->> 'code',
      state_via = null,
      errors = f.errors,
      -- One that never started has only what was written for all that start.
      timeout_at = case when w.state <> 'new' then w.timeout_at end,
      finished_at = moment
  from (
    select rejected.id, rejected.errors
    from unnest(workflow_request_ids, faults) as rejected (id, errors)
    limit pg_catalog.cardinality(workflow_request_ids)
  ) as f
  where w.id = f.id
    and w.replay = 0
    and w.state in ('new', 'waiting');
end
$$;

comment on function etl_api.reject_workflow_requests(uuid[], jsonb[]) is
  'Ends requests as invalid, each with its errors, the first of which names the class.';

revoke execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) from public;
grant execute on function etl_api.reject_workflow_requests(uuid[], jsonb[]) to service_role;

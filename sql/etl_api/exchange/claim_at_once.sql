create or replace function etl_api.claim_at_once(
  worker text, source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[], has_requests boolean)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  again_ids uuid[] := '{}'::uuid[];
begin
  -- First what has been sent before or belongs to a run under way: retries, polls, pages.
  if has_requests then
    again_ids := etl_api.lease_requests(worker, etl_api.take_due_requests(source_ids, org_ids, turns));
  end if;
  return again_ids || etl_api.allocate_source_runs(
    worker, source_ids, org_ids, etl_api.turns_left(source_ids, org_ids, may_run, turns, again_ids));
end
$$;

comment on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[], boolean) is
  'Claims at most turns[i] HTTP requests to source_ids[i] for org_ids[i]: those due again (has_requests: there may be some), then new ones for runs where may_run. Returns their ids.';

revoke execute on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[], boolean) from public;
grant execute on function etl_api.claim_at_once(text, uuid[], uuid[], boolean[], int[], boolean) to service_role;

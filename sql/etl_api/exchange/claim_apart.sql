create or replace function etl_api.claim_apart(
  worker text, source_ids uuid[], org_ids uuid[], may_run boolean[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  again_ids uuid[];
  taken record;
begin
  -- The rows are held from here, outside the parts, and so also by a part that is undone.
  again_ids := etl_api.lease_requests_apart(worker, etl_api.take_due_requests(source_ids, org_ids, turns));

  taken := etl_api.take_due_runs(
    source_ids, org_ids, etl_api.turns_left(source_ids, org_ids, may_run, turns, again_ids));
  if taken.run_ids is null then
    return again_ids;
  end if;
  return again_ids || etl_api.send_runs_apart(worker, taken.run_ids, taken.run_items);
end
$$;

comment on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) is
  'As claim_at_once, for when that has raised an exception: it finds what raises by halving, ends that as failed (internal_error) and claims the others.';

revoke execute on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) from public;
grant execute on function etl_api.claim_apart(text, uuid[], uuid[], boolean[], int[]) to service_role;

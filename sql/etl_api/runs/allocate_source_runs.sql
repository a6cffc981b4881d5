create or replace function etl_api.allocate_source_runs(worker text, source_ids uuid[], org_ids uuid[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  taken constant record := etl_api.take_due_runs(source_ids, org_ids, turns);
begin
  if taken.run_ids is null then
    return '{}'::uuid[];
  end if;
  return etl_api.send_runs(worker, taken.run_ids, taken.run_items);
end
$$;

comment on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) is
  'Gives runs that wait to their sources, as HTTP requests already claimed by the worker: batches of max_objects_per_request, at most turns[i] requests to source_ids[i] for org_ids[i], as far as budgets allow; see send_runs. Returns the ids of the requests.';

revoke execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) from public;
grant execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) to service_role;

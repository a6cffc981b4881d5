create or replace function etl_api.budget_error(workflow_request_id uuid, source_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  return (
    select pg_catalog.jsonb_build_object(
      'code', 'budget_exceeded',
      'message', pg_catalog.format('The workflow request may cost %s and has cost %s; another request to source %s costs %s.',
        u.cap, u.amount, s.name, s.cost_per_run))
    from public.source as s
    left join etl_api.budget_used as u on u.workflow_request_id = budget_error.workflow_request_id
    where s.id = budget_error.source_id);
end
$$;

comment on function etl_api.budget_error(uuid, uuid) is
  'The error of an HTTP request to a source that the budget of its workflow request does not allow: {code, message}.';

revoke execute on function etl_api.budget_error(uuid, uuid) from public;
grant execute on function etl_api.budget_error(uuid, uuid) to service_role;

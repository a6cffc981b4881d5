create or replace function etl_api.explain(id uuid) returns setof text
language plpgsql stable security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_visible(id);
begin
  case target.entity
    when 'workflow_request' then return query select etl_api.explain_workflow(id);
    when 'activity_request' then return query select etl_api.explain_activity(id);
    when 'run_queue' then return query select etl_api.explain_run(id);
    when 'run_request' then return query select etl_api.explain_run_request(id);
    when 'delivery' then return query select etl_api.explain_delivery(id);
  end case;
end
$$;

comment on function etl_api.explain(uuid) is
  'Where a workflow request, activity request, run, HTTP request or message is and what it waits for, in sentences, one a row: its state and since when, what it waits for and how long, what failed and why, what to do. ETL04: no such request.';

revoke execute on function etl_api.explain(uuid) from public;
grant execute on function etl_api.explain(uuid) to authenticated, service_role;

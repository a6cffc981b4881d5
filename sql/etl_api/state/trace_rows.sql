create or replace function etl_api.trace_rows(workflow_request_id uuid)
returns table (entity etl_api.entity_kind, id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select 'workflow_request'::etl_api.entity_kind, trace_rows.workflow_request_id
  union all
  select 'activity_request', a.id
  from public.activity_request as a
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'run_queue', q.id
  from public.activity_request as a
  join public.run_queue as q on q.activity_request_id = a.id
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'run_request', r.id
  from public.activity_request as a
  join public.run_request as r on r.activity_request_id = a.id
  where a.workflow_request_id = trace_rows.workflow_request_id
  union all
  select 'delivery', d.id
  from public.delivery as d
  where d.workflow_request_id = trace_rows.workflow_request_id;
end
$$;

comment on function etl_api.trace_rows(uuid) is
  'The rows with a state that belong to a workflow request, itself included.';

revoke execute on function etl_api.trace_rows(uuid) from public;

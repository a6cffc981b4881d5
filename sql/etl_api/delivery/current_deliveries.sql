create or replace function etl_api.current_deliveries(workflow_request_ids uuid[])
returns table (workflow_request_id uuid, activity_request_id uuid, state public.delivery_state, delivery_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  -- An activity that failed, was retried and is done has told of both; the later message is what counts. What is sent
  -- a second time (message_id) was delivered before, whatever becomes of it now. An endpoint may have moved meanwhile.
  return query
  select distinct on (d.workflow_request_id, d.activity_request_id, coalesce(d.endpoint_id::text, d.url))
    d.workflow_request_id, d.activity_request_id, d.state, d.id
  from public.delivery as d
  where d.workflow_request_id = any (workflow_request_ids)
    and d.message_id is null
  order by d.workflow_request_id, d.activity_request_id, coalesce(d.endpoint_id::text, d.url), d.created_at desc, d.id desc;
end
$$;

comment on function etl_api.current_deliveries(uuid[]) is
  'The latest message of each activity request and of each whole workflow to each address, with its state; what is delivered again (message_id) is left out.';

revoke execute on function etl_api.current_deliveries(uuid[]) from public;
grant execute on function etl_api.current_deliveries(uuid[]) to service_role;

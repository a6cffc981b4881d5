create or replace function etl_api.logger_home(
  entity etl_api.entity_kind, entity_id uuid, out org_id uuid, out workflow_request_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  case logger_home.entity
    when 'workflow_request' then
      select w.org_id, w.id into org_id, workflow_request_id
      from public.workflow_request as w where w.id = entity_id and w.replay = 0;
    when 'activity_request' then
      select a.org_id, a.workflow_request_id into org_id, workflow_request_id
      from public.activity_request as a where a.id = entity_id;
    when 'run_queue' then
      select q.org_id, q.workflow_request_id into org_id, workflow_request_id
      from public.run_queue as q where q.id = entity_id;
    when 'run_request' then
      select r.org_id, r.workflow_request_id into org_id, workflow_request_id
      from public.run_request as r where r.id = entity_id;
    when 'delivery' then
      select d.org_id, d.workflow_request_id into org_id, workflow_request_id
      from public.delivery as d where d.id = entity_id;
    else
      null;
  end case;
end
$$;

comment on function etl_api.logger_home(etl_api.entity_kind, uuid) is
  'The tenant and the workflow request of a row, for its entries in the log; null where there is no such row.';

revoke execute on function etl_api.logger_home(etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger_home(etl_api.entity_kind, uuid) to service_role;

create or replace function etl_api.state_of(entity etl_api.entity_kind, id uuid) returns text
language sql stable
set search_path = ''
as $$
  select case state_of.entity
    when 'workflow_request' then
      (select w.state::text from public.workflow_request as w where w.id = state_of.id and w.replay = 0)
    when 'activity_request' then (select a.state::text from public.activity_request as a where a.id = state_of.id)
    when 'run_queue' then (select q.state::text from public.run_queue as q where q.id = state_of.id)
    when 'run_request' then (select r.state::text from public.run_request as r where r.id = state_of.id)
    when 'delivery' then (select d.state::text from public.delivery as d where d.id = state_of.id)
  end
$$;

comment on function etl_api.state_of(etl_api.entity_kind, uuid) is
  'The state of a row; null when there is no such row.';

revoke execute on function etl_api.state_of(etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.state_of(etl_api.entity_kind, uuid) to service_role;

create or replace function etl_api.configured_requests(workflow_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return array(
    select w.id
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    where w.data ?| '{config,destination}');
end
$$;

comment on function etl_api.configured_requests(uuid[]) is
  'Those of these requests that have a config or a destination of their own.';

revoke execute on function etl_api.configured_requests(uuid[]) from public;
grant execute on function etl_api.configured_requests(uuid[]) to service_role;

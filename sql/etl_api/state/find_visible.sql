create or replace function etl_api.find_visible(
  id uuid,
  out entity etl_api.entity_kind, out org_id uuid, out workflow_request_id uuid, out activity_request_id uuid)
language plpgsql stable
set search_path = ''
as $$
begin
  select f.entity, f.org_id, f.workflow_request_id, f.activity_request_id
  into entity, org_id, workflow_request_id, activity_request_id
  from (
    select 'workflow_request'::etl_api.entity_kind as entity, w.org_id, w.id as workflow_request_id, null::uuid as activity_request_id
    from public.workflow_request as w where w.id = find_visible.id and w.replay = 0
    union all
    select 'activity_request', a.org_id, a.workflow_request_id, a.id
    from public.activity_request as a where a.id = find_visible.id
    union all
    select 'run_queue', q.org_id, q.workflow_request_id, q.activity_request_id
    from public.run_queue as q where q.id = find_visible.id
    union all
    select 'run_request', r.org_id, r.workflow_request_id, r.activity_request_id
    from public.run_request as r where r.id = find_visible.id
    union all
    select 'delivery', d.org_id, d.workflow_request_id, d.activity_request_id
    from public.delivery as d where d.id = find_visible.id
  ) as f
  where etl_api.may_request(f.org_id)
    or f.org_id in (select etl_api.my_orgs());

  -- Another org's row and no row at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.';
  end if;
end
$$;

comment on function etl_api.find_visible(uuid) is
  'What an id names, if the caller may see it: the first statement of explain, and by find_own of what changes requests. ETL04: nothing, or a row of an org the caller does not belong to.';

revoke execute on function etl_api.find_visible(uuid) from public;

create or replace function etl_api.org_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  org_ids constant uuid[] := array(select distinct r.org_id from pg_catalog.unnest(activities) as r);
begin
  if not exists (
    select 1
    from public.org
    where org.id = any (org_ids)
      and (org.deleted_at is not null or org.free_objects is not null and org.next_charge is null))
  then
    return;
  end if;

  return query
  select distinct a.workflow_request_id, o.code, '$', o.found, o.message, o.hint
  from (
    select org.id, 'org_deleted' as code, pg_catalog.to_jsonb(org.deleted_at) as found,
      pg_catalog.format('The organisation "%s" has been deleted, so it can request nothing.', org.name) as message,
      'Ask the operator to restore it.' as hint
    from public.org
    where org.id = any (org_ids)
      and org.deleted_at is not null
    union all
    select org.id, 'no_free_objects', pg_catalog.to_jsonb(left_over.objects),
      pg_catalog.format('The organisation "%s" has used up its free objects, and no charge is arranged.', org.name),
      'Arrange a charge (next_charge), or ask the operator for more free objects; then try it again with etl_api.retry(id).'
    from public.org
    cross join lateral (
      select greatest(org.free_objects - coalesce(pg_catalog.sum(d.free_objects), 0), least(org.free_objects, 0)) as objects
      from etl_api.org_count_delta as d
      where d.org_id = org.id
    ) as left_over
    where org.id = any (org_ids)
      and org.deleted_at is null
      and org.free_objects is not null
      and org.next_charge is null
      and left_over.objects <= 0
  ) as o
  join pg_catalog.unnest(activities) as a on a.org_id = o.id;
end
$$;

comment on function etl_api.org_faults(etl_api.requested_activity[]) is
  'Why an organisation may request nothing at all: it has been deleted, or its free objects are used up and no charge is arranged.';

revoke execute on function etl_api.org_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.org_faults(etl_api.requested_activity[]) to service_role;

create or replace function etl_api.check_config_org() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- One function for five tables: a column that a table lacks is looked up in "absent", because an unqualified
  -- name which the inner query does not know belongs to the outer one.
  select n.id, n.org_id, named.field, named.id as named_id into fault
  from (
    select null::uuid as object_type_id, null::uuid as source_id, null::uuid as datapoint_id,
      null::uuid as activity_id, null::uuid[] as source_ids) as absent
  cross join lateral (
    select id, org_id, object_type_id, source_id, datapoint_id, activity_id, source_ids
    from new_rows) as n
  cross join lateral (
    select 'object_type_id' as field, t.id, t.org_id from public.object_type as t where t.id = n.object_type_id
    union all
    select 'source_id', s.id, s.org_id from public.source as s where s.id = n.source_id
    union all
    select 'datapoint_id', d.id, d.org_id from public.datapoint as d where d.id = n.datapoint_id
    union all
    select 'activity_id', a.id, a.org_id from public.activity as a where a.id = n.activity_id
    union all
    -- An array has no foreign key: a source that does not exist is a stranger too.
    select 'source_ids', i.id, case when s.id is null then '00000000-0000-0000-0000-000000000000' else s.org_id end
    from pg_catalog.unnest(n.source_ids) as i (id)
    left join public.source as s on s.id = i.id) as named
  where named.org_id is not null
    and named.org_id is distinct from n.org_id
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = case
        when fault.org_id is null then
          pg_catalog.format('%s %s is shared, but its %s %s is not', tg_table_name, fault.id, fault.field, fault.named_id)
        else
          pg_catalog.format('%s %s belongs to org %s, but its %s %s neither does nor is shared', tg_table_name, fault.id,
            fault.org_id, fault.field, fault.named_id)
        end,
      hint = 'A row of an org names rows of that org or shared ones (org_id null); a shared row names shared ones.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_config_org() is
  'Refuses configuration that names a row of another org, for every writer. ETL07 with the field.';

revoke execute on function etl_api.check_config_org() from public;

create or replace function etl_api.serving_source_ids(
  org_id uuid, activity_type text, object_type_id uuid, datapoint_ids uuid[], allowed_source_ids uuid[])
returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  results_in constant text := etl_api.activity_types() ->> activity_type;
begin
  return array(
    select s.id
    from public.source as s
    left join lateral (
      select pg_catalog.min(ds.priority) as priority
      from public.datapoint_source as ds
      where ds.source_id = s.id
        and ds.datapoint_id = any (datapoint_ids)
        and (ds.org_id is null or ds.org_id = serving_source_ids.org_id)
    ) as d on true
    where s.id in (
        select ds.source_id
        from public.datapoint_source as ds
        where results_in = 'input'
          and ds.datapoint_id = any (datapoint_ids)
        union all
        select os.source_id
        from public.object_source as os
        where results_in = 'result'
          and os.object_type_id = serving_source_ids.object_type_id
          and os.direction = 'result'
          and (os.org_id is null or os.org_id = serving_source_ids.org_id))
      and s.enabled
      and serving_source_ids.activity_type = any (s.activity_types)
      and (s.org_id is null or s.org_id = serving_source_ids.org_id)
      and (allowed_source_ids is null or s.id = any (allowed_source_ids))
      and (d.priority is not null or results_in = 'result')
    order by pg_catalog.array_position(allowed_source_ids, s.id), d.priority, s.name, s.id);
end
$$;

comment on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) is
  'The enabled sources a tenant sees that serve an activity: those that ask about objects by knowing one of the datapoints, those that search by results of the object type. In the order allowed_source_ids gives; without it by priority, then name.';

revoke execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) from public;
grant execute on function etl_api.serving_source_ids(uuid, text, uuid, uuid[], uuid[]) to service_role;

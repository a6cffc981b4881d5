create or replace function etl_api.offered_datapoints(org_id uuid)
returns table (object_type_id uuid, datapoint_id uuid, source_id uuid)
language sql stable
set search_path = ''
as $$
  select d.object_type_id, d.id, ds.source_id
  from public.datapoint as d
  left join (
    select m.datapoint_id, m.source_id
    from public.datapoint_source as m
    join public.source as s on s.id = m.source_id
    where s.deleted_at is null
      and (s.org_id is null or s.org_id = offered_datapoints.org_id)
  ) as ds on ds.datapoint_id = d.id
  where d.org_id is null
    or d.org_id = offered_datapoints.org_id
$$;

comment on function etl_api.offered_datapoints(uuid) is
  'The datapoints of an org and the shared ones, each with the sources that offer it to the org; source_id is null where none does.';

revoke execute on function etl_api.offered_datapoints(uuid) from public;
grant execute on function etl_api.offered_datapoints(uuid) to service_role;

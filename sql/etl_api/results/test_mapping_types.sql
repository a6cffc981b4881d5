create or replace function etl_api.test_mapping_types(source public.source) returns table (id uuid)
language sql stable
set search_path = ''
as $$
  -- Of a shared source an org sees the shared mappings and its own.
  select t.id
  from public.object_type as t
  where t.id in (
    select os.object_type_id
    from public.object_source as os
    where os.source_id = source.id
      and os.direction = 'result'
      and (os.org_id is null or etl_api.may_request(os.org_id) or os.org_id in (select etl_api.my_orgs()))
    union
    select d.object_type_id
    from public.datapoint_source as ds
    join public.datapoint as d on d.id = ds.datapoint_id
    where ds.source_id = source.id
      and (ds.org_id is null or etl_api.may_request(ds.org_id) or ds.org_id in (select etl_api.my_orgs())))
  order by t.name, t.id
$$;

comment on function etl_api.test_mapping_types(public.source) is
  'The object types that the mappings of a source speak of, as far as the caller sees them.';

revoke execute on function etl_api.test_mapping_types(public.source) from public;

create or replace function etl_api.visible_datapoint_ids(org_id uuid, object_type_id uuid, names text[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- A tenant's own datapoint goes before a shared one of the same name.
  return array(
    select (
      select d.id
      from public.datapoint as d
      where d.object_type_id = visible_datapoint_ids.object_type_id
        and d.name = n.name
        and (d.org_id is null or d.org_id = visible_datapoint_ids.org_id)
      order by d.org_id nulls last
      limit 1)
    from pg_catalog.unnest(names) with ordinality as n (name, place)
    order by n.place);
end
$$;

comment on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) is
  'The datapoints of an object type by their names, as a tenant sees them; null where it sees none of that name.';

revoke execute on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) from public;
grant execute on function etl_api.visible_datapoint_ids(uuid, uuid, text[]) to service_role;

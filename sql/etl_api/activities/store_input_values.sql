create or replace function etl_api.store_input_values(
  org_ids uuid[], object_type_ids uuid[], object_ids uuid[], objects jsonb[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  value_org_ids uuid[];
  value_object_ids uuid[];
  value_datapoint_ids uuid[];
  value_values jsonb[];
  count int;
begin
  -- What the request itself says of an object is a value like any other, with the source "input".
  select
    pg_catalog.array_agg(t.org_id),
    pg_catalog.array_agg(t.object_id),
    pg_catalog.array_agg(d.id),
    -- A key is the same with blanks around it; what is sent to a source should not have them.
    pg_catalog.array_agg(case when d.name = any (ot.key_datapoints) and pg_catalog.jsonb_typeof(t.object -> d.name) = 'string'
      then pg_catalog.to_jsonb(pg_catalog.btrim(t.object ->> d.name, E' \t\r\n')) else t.object -> d.name end)
  into value_org_ids, value_object_ids, value_datapoint_ids, value_values
  from unnest(org_ids, object_type_ids, object_ids, objects) as t (org_id, type_id, object_id, object)
  join public.object_type as ot on ot.id = t.type_id
  join public.datapoint as d
    on d.object_type_id = t.type_id
    and (d.org_id is null or d.org_id = t.org_id)
    and t.object ? d.name
    and t.object -> d.name <> 'null';

  count := pg_catalog.cardinality(value_org_ids);
  if count is null then
    return 0;
  end if;
  return etl_api.store_values(
    value_org_ids, value_object_ids, value_datapoint_ids,
    pg_catalog.array_fill(null::uuid, array[count]),
    value_values,
    pg_catalog.array_fill(1::numeric, array[count]),
    pg_catalog.array_fill(null::uuid, array[count]));
end
$$;

comment on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) is
  'Stores what a request says of its own objects: every member that has the name of a datapoint of the type. Returns how many values.';

revoke execute on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.store_input_values(uuid[], uuid[], uuid[], jsonb[]) to service_role;

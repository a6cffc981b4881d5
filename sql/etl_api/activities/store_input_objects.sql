create or replace function etl_api.store_input_objects(activity_request_ids uuid[])
returns table (activity_request_id uuid, faults jsonb)
language plpgsql
set search_path = ''
as $$
declare
  found_in record;
  object_ids uuid[];
  most constant bigint := etl_api.limit_of('max_values');
begin
  -- From the request's data, for activities that take no other activity's objects.
  select
    pg_catalog.array_agg(f.activity_request_id) filter (where f.fault is null) as activity_ids,
    pg_catalog.array_agg(f.org_id) filter (where f.fault is null) as org_ids,
    pg_catalog.array_agg(f.max_objects) filter (where f.fault is null) as limits,
    pg_catalog.array_agg(f.object_type_id) filter (where f.fault is null) as type_ids,
    pg_catalog.array_agg(f.natural_key) filter (where f.fault is null) as natural_keys,
    pg_catalog.array_agg(f.object) filter (where f.fault is null) as objects,
    pg_catalog.array_agg(f.activity_request_id) filter (where f.fault is not null) as fault_ids,
    pg_catalog.array_agg(f.fault) filter (where f.fault is not null) as faults
  into found_in
  from (
    select i.*,
      case
        when i.natural_key is null then etl_api.keyless_fault(i.object_type_id, i.object, i.path)
        -- A member takes 8 bytes at least.
        when pg_catalog.pg_column_size(i.object) > most * 8 then
          etl_api.crowded_fault(i.org_id, i.object_type_id, i.object, i.path, most)
      end as fault
    from etl_api.find_input_objects(activity_request_ids) as i
    offset 0
  ) as f;

  object_ids := (etl_api.store_objects(found_in.org_ids, found_in.type_ids, found_in.natural_keys)).object_ids;

  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select linked.org_id, linked.activity_request_id, 'input', linked.object_id
  from (
    select t.org_id, t.activity_id as activity_request_id, t.max_objects, t.object_id, pg_catalog.min(t.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by t.activity_id order by pg_catalog.min(t.ordinal)) as place
    from unnest(found_in.org_ids, found_in.activity_ids, found_in.limits, object_ids)
      with ordinality as t (org_id, activity_id, max_objects, object_id, ordinal)
    group by t.org_id, t.activity_id, t.max_objects, t.object_id
  ) as linked
  where (linked.max_objects is null or linked.place <= linked.max_objects)
    -- One that starts again has them already. ("On conflict" would cost more: it confirms every row in the WAL besides.)
    and not exists (
      select 1
      from public.activity_object as known
      where known.activity_request_id = linked.activity_request_id
        and known.role = 'input'
        and known.object_id = linked.object_id
      offset 0)
  order by linked.ordinal;

  perform etl_api.store_input_values(found_in.org_ids, found_in.type_ids, object_ids, found_in.objects);

  return query
  select f.id, pg_catalog.jsonb_agg(f.fault)
  from unnest(found_in.fault_ids, found_in.faults) as f (id, fault)
  group by f.id;
end
$$;

comment on function etl_api.store_input_objects(uuid[]) is
  'Reads the objects of activity requests from their requests'' data, stores them with the values given, and links them as input, at most max_objects each. Returns the faults of objects without a key, or with too many values; the others go on.';

revoke execute on function etl_api.store_input_objects(uuid[]) from public;
grant execute on function etl_api.store_input_objects(uuid[]) to service_role;

create or replace function etl_api.store_input_objects(activity_request_ids uuid[])
returns table (activity_request_id uuid, faults jsonb)
language plpgsql
set search_path = ''
as $$
declare
  activity_ids uuid[];
  org_ids uuid[];
  type_ids uuid[];
  natural_keys jsonb[];
  objects jsonb[];
  object_ids uuid[];
  fault_ids uuid[];
  fault_texts jsonb[];
begin
  -- From the request's data, for activities that take no other activity's objects.
  select
    pg_catalog.array_agg(ar.id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(ar.org_id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.object_type_id order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.natural_key order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(f.object order by ar.id, f.ordinal) filter (where f.natural_key is not null),
    pg_catalog.array_agg(ar.id order by ar.id, f.ordinal) filter (where f.natural_key is null),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
        'code', 'missing_value',
        'path', etl_api.path_text(pg_catalog.to_jsonb(f.path)),
        'found', f.object,
        'message', pg_catalog.format('This %s has no key: it needs %s.', t.name,
          pg_catalog.array_to_string(t.key_datapoints, ' and ')),
        'hint', 'Give each of them a text, number or boolean.') order by ar.id, f.ordinal)
      filter (where f.natural_key is null)
  into activity_ids, org_ids, type_ids, natural_keys, objects, fault_ids, fault_texts
  from unnest(activity_request_ids) as i (id)
  join public.activity_request as ar on ar.id = i.id
  join public.workflow_request as w
    on w.id = ar.workflow_request_id
    and w.org_id = ar.org_id
    and w.replay = 0
  cross join lateral (
    select found.*, pg_catalog.row_number() over () as ordinal
    from etl_api.find_input_objects(
      w.data, ar.org_id, ar.source_ids, case when ar.result_role = 'input' then ar.object_type_id end) as found
  ) as f
  join public.object_type as t on t.id = f.object_type_id
  where not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = ar.id);

  object_ids := (etl_api.store_objects(org_ids, type_ids, natural_keys)).object_ids;

  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select linked.org_id, linked.activity_request_id, 'input', linked.object_id
  from (
    select t.org_id, t.activity_id as activity_request_id, t.object_id, pg_catalog.min(t.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by t.activity_id order by pg_catalog.min(t.ordinal)) as place
    from unnest(org_ids, activity_ids, object_ids)
      with ordinality as t (org_id, activity_id, object_id, ordinal)
    group by t.org_id, t.activity_id, t.object_id
  ) as linked
  join public.activity_request as ar
    on ar.id = linked.activity_request_id
    and (ar.max_objects is null or linked.place <= ar.max_objects)
  order by linked.ordinal
  on conflict do nothing;

  perform etl_api.store_input_values(org_ids, type_ids, object_ids, objects);

  return query
  select f.id, pg_catalog.jsonb_agg(f.fault)
  from unnest(fault_ids, fault_texts) as f (id, fault)
  group by f.id;
end
$$;

comment on function etl_api.store_input_objects(uuid[]) is
  'Reads the objects of activity requests from their requests'' data, stores them with the values given, and links them as input, at most max_objects each. Returns the faults of objects without a key; the others go on.';

revoke execute on function etl_api.store_input_objects(uuid[]) from public;
grant execute on function etl_api.store_input_objects(uuid[]) to service_role;

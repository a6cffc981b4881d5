create or replace function etl_api.take_dependency_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = any (activity_request_ids))
  then
    return;
  end if;

  -- What one results in is what it took, as an enrichment does, or what it found.
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select taken.org_id, taken.id, 'input', taken.object_id
  from (
    select ar.org_id, ar.id, ar.max_objects, ao.object_id, pg_catalog.min(ao.ordinal) as ordinal,
      pg_catalog.row_number() over (partition by ar.id order by pg_catalog.min(ao.ordinal)) as place
    from unnest(activity_request_ids) as i (id)
    join public.activity_request as ar on ar.id = i.id
    join public.activity_dependency as d on d.activity_request_id = ar.id
    join public.activity_request as before on before.id = d.depends_on_id
    -- Never the other way round, through the objects of everybody: offset 0 keeps the look-up from becoming a join.
    cross join lateral (
      select kept.object_id, kept.ordinal
      from public.activity_object as kept
      where kept.activity_request_id = before.id
        and kept.role = before.result_role
      offset 0
    ) as ao
    join public.object as o
      on o.id = ao.object_id
      and (ar.result_role = 'result' or o.object_type_id = ar.object_type_id)
    group by ar.org_id, ar.id, ar.max_objects, ao.object_id
  ) as taken
  where taken.max_objects is null
     or taken.place <= taken.max_objects
  order by taken.ordinal
  on conflict do nothing;
end
$$;

comment on function etl_api.take_dependency_objects(uuid[]) is
  'Links the objects of the activities that these depend on as their input; one that asks about them takes those of its own type; each at most max_objects.';

revoke execute on function etl_api.take_dependency_objects(uuid[]) from public;
grant execute on function etl_api.take_dependency_objects(uuid[]) to service_role;

create or replace function etl_api.take_dependency_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most bigint;
begin
  if not exists (
    select 1
    from public.activity_dependency as d
    where d.activity_request_id = any (activity_request_ids))
  then
    return;
  end if;

  most := etl_api.limit_of('max_objects');
  -- What one results in is what it took, as an enrichment does, or what it found.
  with taken as materialized (
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
  ), crowded as (
    update public.activity_request as ar
    set errors = coalesce(ar.errors, '[]') || pg_catalog.jsonb_build_object(
      'code', 'too_many_objects', 'path', null, 'found', many.objects,
      'message', pg_catalog.format('It was handed %s objects; %s is the most, so it takes the first of them.', many.objects, most),
      'hint', 'Let the activities before find fewer (max_objects), or ask the operator to raise the setting max_objects.')
    from (
      select taken.id, pg_catalog.count(*) as objects
      from taken
      group by taken.id, taken.max_objects
      having pg_catalog.count(*) > most
        and coalesce(taken.max_objects, most + 1) > most
    ) as many
    where ar.id = many.id
  )
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select taken.org_id, taken.id, 'input', taken.object_id
  from taken
  where taken.place <= least(taken.max_objects, most)
  order by taken.ordinal
  on conflict do nothing;
end
$$;

comment on function etl_api.take_dependency_objects(uuid[]) is
  'Links the objects of the activities that these depend on as their input; one that asks about them takes those of its own type; each at most max_objects, and at most as many as the setting max_objects allows.';

revoke execute on function etl_api.take_dependency_objects(uuid[]) from public;
grant execute on function etl_api.take_dependency_objects(uuid[]) to service_role;

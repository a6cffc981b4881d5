create or replace function etl_api.link_found_objects(
  activity_request_ids uuid[], object_ids uuid[], are_new boolean[], run_request_ids uuid[])
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  refused record;
begin
  select pg_catalog.array_agg(r.activity_request_id) as activity_ids, pg_catalog.array_agg(r.object_id) as object_ids
  into refused
  from (select 1) as one
  join etl_api.refuse_objects(activity_request_ids, object_ids, run_request_ids, 'after_result') as r
    on etl_api.has_factors(activity_request_ids, true);

  -- An earlier answer may have said something better of it.
  delete from public.activity_object as ao
  using unnest(refused.activity_ids, refused.object_ids) as r (activity_request_id, object_id)
  where ao.activity_request_id = r.activity_request_id
    and ao.role = 'result'
    and ao.object_id = r.object_id;

  -- What is ranked is all kept until it is known what is best.
  with search as materialized (
    select ar.id as activity_request_id, ar.org_id, coalesce(ar.config -> 'only_new' = 'true', false) as only_new,
      -- Counted only where there is a bound: a search without one would count all it has found with every page.
      case when not w.ranked and w.wanted is not null then w.wanted - (
        select pg_catalog.count(*)
        from public.activity_object as ao
        where ao.activity_request_id = ar.id
          and ao.role = 'result') end as room
    from etl_api.wanted_objects(array(select distinct i.id from unnest(activity_request_ids) as i (id))) as w
    join public.activity_request as ar on ar.id = w.activity_request_id
  )
  insert into public.activity_object (org_id, activity_request_id, role, object_id, is_new)
  select f.org_id, f.activity_request_id, 'result', f.object_id, f.is_new
  from (
    select s.org_id, s.activity_request_id, t.object_id, s.room,
      pg_catalog.bool_or(t.is_new) as is_new,
      pg_catalog.min(t.place) as place,
      pg_catalog.row_number() over (partition by s.activity_request_id order by pg_catalog.min(t.place)) as number
    from unnest(activity_request_ids, object_ids, are_new)
      with ordinality as t (activity_request_id, object_id, is_new, place)
    join search as s on s.activity_request_id = t.activity_request_id
    left join unnest(refused.activity_ids, refused.object_ids) as r (activity_request_id, object_id)
      on r.activity_request_id = t.activity_request_id
      and r.object_id = t.object_id
    where r.object_id is null
      and (t.is_new or not s.only_new)
      and not exists (
        select 1
        from public.activity_object as ao
        where ao.activity_request_id = t.activity_request_id
          and ao.role = 'result'
          and ao.object_id = t.object_id
        offset 0)
    group by s.org_id, s.activity_request_id, t.object_id, s.room
  ) as f
  where f.room is null
     or f.number <= f.room
  order by f.place
  on conflict do nothing;
end
$$;

comment on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) is
  'Links the objects that searches found as their results, each once: those that no guardrail refuses, only new ones where config.only_new is true, at most max_objects (all of them where use cases rank them; see rank_found_objects).';

revoke execute on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) from public;
grant execute on function etl_api.link_found_objects(uuid[], uuid[], boolean[], uuid[]) to service_role;

create or replace function etl_api.link_found_objects(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], stored_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.activity_object (org_id, activity_request_id, role, object_id)
  select f.org_id, f.activity_request_id, 'result', f.object_id
  from (
    select t.org_id, t.activity_request_id, t.object_id, pg_catalog.min(t.place) as place,
      pg_catalog.row_number() over (partition by t.activity_request_id order by pg_catalog.min(t.place)) as number
    from unnest(org_ids, activity_request_ids, object_ids, stored_ids)
      with ordinality as t (org_id, activity_request_id, object_id, stored_id, place)
    where t.stored_id is not null
      and not exists (
        select 1
        from public.activity_object as ao
        where ao.activity_request_id = t.activity_request_id
          and ao.role = 'result'
          and ao.object_id = t.object_id)
    group by t.org_id, t.activity_request_id, t.object_id
  ) as f
  join public.activity_request as ar on ar.id = f.activity_request_id
  cross join lateral (
    select pg_catalog.count(*) as already
    from public.activity_object as ao
    where ar.max_objects is not null
      and ao.activity_request_id = ar.id
      and ao.role = 'result'
  ) as before
  where ar.max_objects is null
     or before.already + f.number <= ar.max_objects
  order by f.place
  on conflict do nothing;
end
$$;

comment on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) is
  'Links the objects that searches found as their results, each once, at most max_objects per activity request.';

revoke execute on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) from public;
grant execute on function etl_api.link_found_objects(uuid[], uuid[], uuid[], uuid[]) to service_role;

create or replace function etl_api.match_objects(
  org_ids uuid[], object_type_ids uuid[], activity_request_ids uuid[], source_ids uuid[], root_ids uuid[],
  natural_keys jsonb[], stored_ids uuid[])
returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    -- By the natural key. Only where one object was asked about, and one without a key came back, it is that one.
    select pg_catalog.array_agg(coalesce(n.stored_id, keyed.object_id, only_one.object_id) order by n.place)
    from (
      select t.*, pg_catalog.count(*) over (partition by t.root_id) as came
      from unnest(org_ids, object_type_ids, activity_request_ids, source_ids, root_ids, natural_keys, stored_ids)
        with ordinality as t (org_id, object_type_id, activity_request_id, source_id, root_id, natural_key, stored_id, place)
    ) as n
    -- One probe for the object, then one for its run, however many objects a request asks about: each limit keeps the
    -- planner from turning the two into a join that reads all runs of the activity.
    left join lateral (
      select o.id
      from public.object as o
      where n.stored_id is null
        and o.org_id = n.org_id
        and o.object_type_id = n.object_type_id
        and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(n.natural_key::text, 'UTF8'))
      limit 1
    ) as known on true
    left join lateral (
      select q.object_id
      from public.run_queue as q
      where q.activity_request_id = n.activity_request_id
        and q.object_id = known.id
        and q.source_id = n.source_id
        and q.run_request_id is not distinct from n.root_id
      limit 1
    ) as keyed on true
    left join lateral (
      select (pg_catalog.array_agg(q.object_id))[1] as object_id
      from public.run_queue as q
      where q.run_request_id = n.root_id
        and q.state <> 'done'
        and n.stored_id is null
        and n.natural_key is null
        and n.came = 1
      having pg_catalog.count(*) = 1
    ) as only_one on true);
end
$$;

comment on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) is
  'Which object each sighting is: the stored one where given, else the one asked about (run_queue of the chain) with the same natural key, else the only one asked about. Null: none of them.';

revoke execute on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.match_objects(uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[]) to service_role;

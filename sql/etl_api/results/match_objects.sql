create or replace function etl_api.match_objects(root_ids uuid[], natural_keys jsonb[], stored_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    -- By the natural key. Only where one object was asked about, and one without a key came back, it is that one.
    select pg_catalog.array_agg(coalesce(n.stored_id, keyed.object_id, only_one.object_id) order by n.place)
    from (
      select t.root_id, t.natural_key, t.stored_id, t.place,
        pg_catalog.count(*) over (partition by t.root_id) as came
      from unnest(root_ids, natural_keys, stored_ids)
        with ordinality as t (root_id, natural_key, stored_id, place)
    ) as n
    left join lateral (
      select q.object_id
      from public.run_queue as q
      join public.object as o on o.id = q.object_id
      where q.run_request_id = n.root_id
        and o.natural_key = n.natural_key
      limit 1
    ) as keyed on n.stored_id is null and n.natural_key is not null
    left join lateral (
      select (pg_catalog.array_agg(q.object_id))[1] as object_id
      from public.run_queue as q
      where q.run_request_id = n.root_id
      having pg_catalog.count(*) = 1
    ) as only_one on n.stored_id is null and n.natural_key is null and n.came = 1);
end
$$;

comment on function etl_api.match_objects(uuid[], jsonb[], uuid[]) is
  'Which object each sighting is: the stored one where given, else the one asked about (run_queue of the chain) with the same natural key, else the only one asked about. Null: none of them.';

revoke execute on function etl_api.match_objects(uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.match_objects(uuid[], jsonb[], uuid[]) to service_role;

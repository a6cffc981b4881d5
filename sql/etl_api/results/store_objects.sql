create or replace function etl_api.store_objects(
  org_ids uuid[], object_type_ids uuid[], natural_keys jsonb[], out object_ids uuid[], out are_new boolean[])
language plpgsql
set search_path = ''
as $$
declare
  -- An object is new when it has the id that was made for it here.
  new_ids constant uuid[] := utils.new_ids(pg_catalog.cardinality(natural_keys));
  moment constant timestamptz := utils.now();
  stored int;
begin
  -- In the order of the unique index, so that two writers of the same objects cannot wait for each other.
  insert into public.object (id, org_id, object_type_id, natural_key, key_hash, created_at)
  select distinct on (t.org_id, t.object_type_id, h.key_hash)
    t.id, t.org_id, t.object_type_id, t.natural_key, h.key_hash, moment
  from unnest(new_ids, org_ids, object_type_ids, natural_keys) with ordinality
    as t (id, org_id, object_type_id, natural_key, ordinal)
  cross join lateral (
    select pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8')) as key_hash
  ) as h
  where t.natural_key is not null
  order by t.org_id, t.object_type_id, h.key_hash, t.ordinal
  on conflict (org_id, object_type_id, key_hash) do nothing;
  get diagnostics stored = row_count;
  if stored = pg_catalog.cardinality(natural_keys) then
    -- All are new, so no two are the same.
    object_ids := new_ids;
    are_new := pg_catalog.array_fill(true, array[stored]);
    return;
  end if;

  -- A statement of its own: it sees what others stored meanwhile. The limit keeps the look-up by key from becoming a
  -- join over the table, whatever the planner thinks of its size.
  select coalesce(pg_catalog.array_agg(found.id order by t.ordinal), '{}'),
    coalesce(pg_catalog.array_agg(found.id = t.id order by t.ordinal), '{}')
  into object_ids, are_new
  from unnest(new_ids, org_ids, object_type_ids, natural_keys)
    with ordinality as t (id, org_id, object_type_id, natural_key, ordinal)
  left join lateral (
    select o.id
    from public.object as o
    where o.org_id = t.org_id
      and o.object_type_id = t.object_type_id
      and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8'))
    limit 1
  ) as found on true;
end
$$;

comment on function etl_api.store_objects(uuid[], uuid[], jsonb[]) is
  'Stores objects once per tenant, type and natural key; returns their ids in the order given (null where the key is null), and whether this call stored them first.';

revoke execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) to service_role;

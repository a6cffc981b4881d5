create or replace function etl_api.store_objects(org_ids uuid[], object_type_ids uuid[], natural_keys jsonb[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  stored uuid[];
begin
  -- In the order of the unique index, so that two writers of the same objects cannot wait for each other.
  insert into public.object (org_id, object_type_id, natural_key, key_hash, created_at)
  select distinct on (t.org_id, t.object_type_id, h.key_hash)
    t.org_id, t.object_type_id, t.natural_key, h.key_hash, utils.now()
  from unnest(org_ids, object_type_ids, natural_keys) as t (org_id, object_type_id, natural_key)
  cross join lateral (
    select pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8')) as key_hash
  ) as h
  where t.natural_key is not null
    and not exists (
      select 1
      from public.object as o
      where o.org_id = t.org_id
        and o.object_type_id = t.object_type_id
        and o.key_hash = h.key_hash)
  order by t.org_id, t.object_type_id, h.key_hash
  on conflict (org_id, object_type_id, key_hash) do nothing;

  -- A statement of its own: it sees what others stored meanwhile.
  select pg_catalog.array_agg(found.id order by t.ordinal) into stored
  from unnest(org_ids, object_type_ids, natural_keys)
    with ordinality as t (org_id, object_type_id, natural_key, ordinal)
  left join lateral (
    select o.id
    from public.object as o
    where o.org_id = t.org_id
      and o.object_type_id = t.object_type_id
      and o.key_hash = pg_catalog.sha256(pg_catalog.convert_to(t.natural_key::text, 'UTF8'))
  ) as found on true;
  return coalesce(stored, '{}');
end
$$;

comment on function etl_api.store_objects(uuid[], uuid[], jsonb[]) is
  'Stores objects once per tenant, type and natural key; returns their ids in the order given (null where the key is null).';

revoke execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.store_objects(uuid[], uuid[], jsonb[]) to service_role;

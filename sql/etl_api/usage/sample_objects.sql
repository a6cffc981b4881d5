create or replace function etl_api.sample_objects(org_id uuid, max_objects int)
returns table (object_type_id uuid, object_ids uuid[], sampled boolean)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- A hash in order is a shuffle: the first objects by key_hash are a random sample of their type.
  return query
  select t.id, o.ids[1 : max_objects], pg_catalog.cardinality(o.ids) > max_objects
  from public.object_type as t
  cross join lateral (
    select array(
      select b.id
      from public.object as b
      where b.org_id = sample_objects.org_id
        and b.object_type_id = t.id
      order by b.key_hash
      limit max_objects::bigint + 1) as ids
  ) as o
  where (t.org_id is null or t.org_id = sample_objects.org_id)
    and o.ids <> '{}';
end
$$;

comment on function etl_api.sample_objects(uuid, int) is
  'All objects that an org has of each type, or max_objects of them chosen at random where there are more (sampled).';

revoke execute on function etl_api.sample_objects(uuid, int) from public;
grant execute on function etl_api.sample_objects(uuid, int) to service_role;

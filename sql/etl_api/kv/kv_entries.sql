create or replace function etl_api.kv_entries(rows public.kv_store[])
returns table (org_id uuid, index_key text, member text, index_id uuid, key text, place bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with listing as materialized (
    select i as index, i.org_id, i.of_head, i.condition, i.id, wanted.matcher, wanted.names as of_names, named.names
    from etl_api.kv_index as i
    cross join lateral utils.key_pattern(i.of_pattern) as wanted
    cross join lateral utils.key_pattern(i.name) as named
    where i.of_head = any (array(select pg_catalog.split_part(r.key, ':', 1) from unnest(rows) as r))
  )
  select t.*
  from (
    select r.org_id, etl_api.kv_index_key(l.index, l.names, l.of_names, found.parts, r.value) as index_key,
      found.parts[pg_catalog.cardinality(found.parts)] as member, l.id, r.key, r.place
    from unnest(rows) with ordinality as r (org_id, key, value, version, expires_at, created_at, updated_at, place)
    join listing as l on l.of_head = pg_catalog.split_part(r.key, ':', 1)
    cross join lateral pg_catalog.regexp_match(r.key, l.matcher) as found (parts)
    where (l.org_id is null or l.org_id = r.org_id)
      and found.parts is not null
      and (l.condition is null or r.value @> l.condition)
  ) as t
  where t.index_key is not null;
end
$$;

comment on function etl_api.kv_entries(public.kv_store[]) is
  'The entries of lists (kv_index) that these rows of the store give, each with the place of its row.';

revoke execute on function etl_api.kv_entries(public.kv_store[]) from public;

create or replace function etl_api.kv_get_many(org_id uuid, keys text[])
returns table (key text, value jsonb, version bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  found_count bigint;
begin
  return query
  select s.key, s.value, s.version
  from public.kv_store as s
  where s.org_id = kv_get_many.org_id
    and s.key = any (keys)
    and (s.expires_at is null or s.expires_at > moment);
  get diagnostics found_count = row_count;
  if found_count = pg_catalog.cardinality(keys) then
    return;
  end if;

  -- Under the key of a list nothing else can be stored; an empty list has no entry.
  return query
  select l.key, coalesce((
      select pg_catalog.jsonb_agg(m.member order by m.seq)
      from (
        select e.member, pg_catalog.min(e.seq) as seq
        from etl_api.kv_index_entry as e
        join public.kv_store as s
          on s.org_id = e.org_id
          and s.key = e.key
          and (s.expires_at is null or s.expires_at > moment)
        where e.org_id = kv_get_many.org_id
          and e.index_key = l.key
        group by e.member
      ) as m), '[]'), null::bigint
  from (
    select distinct k.key
    from unnest(keys) as k (key)
    where exists (
      select from etl_api.kv_index as i
      where i.name_head = pg_catalog.split_part(k.key, ':', 1)
        and (i.org_id is null or i.org_id = kv_get_many.org_id)
        and k.key ~ (utils.key_pattern(i.name)).matcher)
  ) as l;
end
$$;

comment on function etl_api.kv_get_many(uuid, text[]) is
  'The values under these keys of an org''s store, with their versions; a key that is not there gives no row, the key of a list (kv_index) the members of the list, in the order in which they came. Only what the caller may see.';

revoke execute on function etl_api.kv_get_many(uuid, text[]) from public;
grant execute on function etl_api.kv_get_many(uuid, text[]) to authenticated, service_role;

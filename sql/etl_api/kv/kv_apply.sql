create or replace function etl_api.kv_apply(
  mapping_name text, org_ids uuid[], keys text[], out inserted bigint, out updated bigint, out deleted bigint, out misfits bigint)
language plpgsql
set search_path = ''
as $$
-- The statements are made of checked names, quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  mapping etl_api.kv_mapping;
  matcher text;
  child record;
  again_org_ids uuid[];
  again_keys text[];
  again record;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name;
  matcher := (utils.key_pattern(mapping.key_pattern)).matcher;
  execute mapping.apply_sql using org_ids, keys, utils.now() into inserted, updated, deleted, misfits;

  -- What refers to a row that went refers to nothing now. A loop: each table has a statement of its own.
  if deleted > 0 then
    for child in
      select m.name, m.table_name, c.name as column_name, etl_api.kv_key_sql(m) as key_sql, k.name as key_name
      from etl_api.kv_mapping as m
      cross join lateral etl_api.kv_columns(m) as c
      cross join lateral etl_api.kv_columns(mapping) as k
      where c.refers_to = mapping_name
        and k.is_key
        and m.apply_sql is not null
    loop
      execute pg_catalog.format($sql$
        select pg_catalog.array_agg(t.org_id) as org_ids, pg_catalog.array_agg(%1$s) as keys
        from (select distinct u.org_id, (pg_catalog.regexp_match(u.key, %2$L))[1] as id from unnest($1, $2) as u (org_id, key)) as g
        join public.%3$I as t on t.org_id = g.org_id and t.%4$I = g.id
        where not exists (select from public.%5$I as p where p.org_id = g.org_id and p.%6$I = g.id)
        $sql$, child.key_sql, matcher, child.table_name, child.column_name, mapping.table_name, child.key_name)
      using org_ids, keys into again_org_ids, again_keys;
      if again_keys is not null then
        perform etl_api.kv_apply(child.name, again_org_ids, again_keys);
      end if;
    end loop;
  end if;

  -- What waited for a row that came finds it now.
  if inserted > 0 then
    for again in
      select f.mapping, pg_catalog.array_agg(f.org_id) as org_ids, pg_catalog.array_agg(f.key) as keys
      from (
        select distinct u.org_id, (pg_catalog.regexp_match(u.key, matcher))[1] as id
        from unnest(org_ids, keys) as u (org_id, key)
      ) as g
      join etl_api.kv_misfit as f
        on f.refers_to = mapping_name
        and f.org_id = g.org_id
        and f.found #>> '{}' = g.id
      group by f.mapping
    loop
      perform etl_api.kv_apply(again.mapping, again.org_ids, again.keys);
    end loop;
  end if;
end
$$;

comment on function etl_api.kv_apply(text, uuid[], text[]) is
  'Brings the rows of a mapping''s table up to what is stored under these keys, and those of other tables that refer to rows that came or went. Returns how many rows were inserted, updated and deleted, and how many values did not fit (kv_misfit).';

revoke execute on function etl_api.kv_apply(text, uuid[], text[]) from public;

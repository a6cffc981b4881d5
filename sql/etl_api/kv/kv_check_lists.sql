create or replace function etl_api.kv_check_lists(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  with should as materialized (
    select e.org_id, e.index_key, e.member, e.index_id
    from (
      select pg_catalog.array_agg(s) as rows
      from public.kv_store as s
      where of_org is null
        or s.org_id = of_org
      group by s.org_id
    ) as o
    cross join lateral etl_api.kv_entries(o.rows) as e
  ),
  listed as materialized (
    select e.org_id, e.index_key, e.member, e.index_id
    from etl_api.kv_index_entry as e
    where of_org is null
      or e.org_id = of_org
  )
  select 'kv_index', t.index_id, t.org_id, pg_catalog.format(t.problem, t.index_key, t.member)
  from (
    (select *, 'the list %s lacks %s' as problem from should except all select *, 'the list %s lacks %s' from listed)
    union all
    (select *, 'the list %s has %s, which is not there' from listed except all select *, 'the list %s has %s, which is not there' from should)
  ) as t
$$;

comment on function etl_api.kv_check_lists(uuid) is
  'Lists of the key-value store that are not what is stored, of an org (null: of all); see etl_api.check_consistency.';

revoke execute on function etl_api.kv_check_lists(uuid) from public;
grant execute on function etl_api.kv_check_lists(uuid) to service_role;

create or replace function etl_api.kv_remove_expired(max_rows int default 1000) returns bigint
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
as $$
declare
  of_org record;
  removed bigint := 0;
begin
  -- A loop over tenants, of whom few have much to remove: lists belong to one.
  for of_org in
    with expired as materialized (
      select s.org_id, s.key
      from public.kv_store as s
      where s.expires_at <= utils.now()
      order by s.expires_at
      limit max_rows
      for update skip locked
    ),
    gone as (
      delete from public.kv_store as s
      using expired as e
      where s.org_id = e.org_id
        and s.key = e.key
      returning s.org_id, s.key
    )
    select g.org_id, pg_catalog.array_agg(g.key) as keys
    from gone as g
    group by g.org_id
    order by g.org_id
  loop
    perform etl_api.kv_written(of_org.org_id, of_org.keys);
    removed := removed + pg_catalog.cardinality(of_org.keys);
  end loop;
  return removed;
end
$$;

comment on function etl_api.kv_remove_expired(int) is
  'Removes what has expired, at most max_rows; nobody sees it any more in any case. Returns how many. The sweep calls it.';

revoke execute on function etl_api.kv_remove_expired(int) from public;
grant execute on function etl_api.kv_remove_expired(int) to service_role;

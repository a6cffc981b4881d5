create or replace function etl_api.first_open_xid() returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  snapshot constant pg_snapshot := pg_catalog.pg_current_snapshot();
begin
  -- A snapshot names the open transactions of the whole server. Those of other databases do not hold up ours; what
  -- cannot be told (it has ended meanwhile, it is a prepared one) counts as ours. Looked up after the snapshot was taken.
  return least(
    (
      select pg_catalog.min(open.xid::text::bigint)
      from pg_catalog.pg_snapshot_xip(snapshot) as open (xid)
      where not exists (
        select 1
        from pg_catalog.pg_stat_activity as a
        where a.backend_xid::text::bigint = open.xid::text::bigint & 4294967295
          and a.datid <> (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()))
    ),
    -- It does not name the one it belongs to.
    pg_catalog.pg_current_xact_id_if_assigned()::text::bigint,
    pg_catalog.pg_snapshot_xmax(snapshot)::text::bigint);
end
$$;

comment on function etl_api.first_open_xid() is
  'The first transaction that may still write in this database: all before it have ended.';

revoke execute on function etl_api.first_open_xid() from public;
grant execute on function etl_api.first_open_xid() to service_role;

create or replace function etl_api.lock_erasures(of_org uuid, may_wait boolean) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  key constant bigint := pg_catalog.hashtextextended('erasure of ' || of_org::text, 0);
begin
  if may_wait then
    perform pg_catalog.pg_advisory_xact_lock(key);
    return true;
  end if;
  return pg_catalog.pg_try_advisory_xact_lock(key);
end
$$;

comment on function etl_api.lock_erasures(uuid, boolean) is
  'Lets one erasure of a tenant at a time go on, until the transaction ends: two would wait for each other''s rows. The first lock that is taken. Returns false when another has it, without may_wait.';

revoke execute on function etl_api.lock_erasures(uuid, boolean) from public;
grant execute on function etl_api.lock_erasures(uuid, boolean) to service_role;

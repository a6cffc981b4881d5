create or replace function etl_partition.become(caller jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(caller ->> 'role', '') not in ('authenticated', 'service_role') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('caller.role is %s: it must be authenticated or service_role', coalesce(caller ->> 'role', 'null'));
  end if;
  -- Until the transaction ends, which for PL/Proxy is the end of the statement.
  perform pg_catalog.set_config('request.jwt.claims', coalesce(caller ->> 'claims', ''), true);
  perform pg_catalog.set_config('role', caller ->> 'role', true);
end
$$;

comment on function etl_partition.become(jsonb) is
  'Takes on the role and the claims of who is asking, {role, claims}, until the transaction ends. Not security definer: the coordinator''s login may take the two roles, and nothing else may call this.';

revoke execute on function etl_partition.become(jsonb) from public, anon, authenticated, service_role;
grant execute on function etl_partition.become(jsonb) to millrace_coordinator;

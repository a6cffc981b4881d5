create or replace function etl_api.audit_org() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform etl_api.write_audit(array[
    etl_api.audit_change_of('public.org', '{id}', tg_argv[0]::text[], pg_catalog.to_jsonb(old), pg_catalog.to_jsonb(new))]);
  return null;
end
$$;

comment on function etl_api.audit_org() is
  'Writes a changed org to the audit log, without what the engine counts. Argument: the columns that are left out.';

revoke execute on function etl_api.audit_org() from public;

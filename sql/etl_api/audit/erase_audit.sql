create or replace function etl_api.erase_audit(of_org uuid) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  blanked bigint;
begin
  if of_org is null then
    raise exception using
      errcode = 'ETL04',
      message = 'of_org is null: it must be the id of an org',
      hint = 'What belongs to no org holds nobody''s data.';
  end if;
  perform etl_api.lock_audit_head(of_org);
  update etl_api.audit_log as l
  set old = null,
    new = null,
    salt = null
  where l.org_id = erase_audit.of_org
    and l.salt is not null;
  get diagnostics blanked = row_count;
  -- The entry that says so is what makes blanked entries before it sound.
  perform etl_api.write_audit(array[
    row(of_org, 'etl_api.audit_log', pg_catalog.jsonb_build_object('org_id', of_org), 'erase', null,
      pg_catalog.jsonb_build_object('entries', blanked))::etl_api.audit_change]);
  return blanked;
end
$$;

comment on function etl_api.erase_audit(uuid) is
  'Blanks what the audit log of an org says of contents: old and new of every entry. Who changed which row and when stays, and so does the proof that no entry is missing. Returns how many entries it blanked. Call it last when an org is erased, since deleting configuration is written down, too.';

revoke execute on function etl_api.erase_audit(uuid) from public;
grant execute on function etl_api.erase_audit(uuid) to service_role;

create or replace function etl_api.kv_refuse_writer(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org whose store it is.';
  end if;
  -- Another org and no org at all look the same from outside.
  raise exception using
    errcode = 'ETL06',
    message = pg_catalog.format('you may not write to the store of org %s', org_id),
    hint = 'An owner, admin or member of the org can do this.';
end
$$;

comment on function etl_api.kv_refuse_writer(uuid) is
  'Refuses a caller of whom etl_api.may_request says that nothing may be written for this org. ETL04: null; ETL06: not the caller''s, or the caller only reads there.';

revoke execute on function etl_api.kv_refuse_writer(uuid) from public;

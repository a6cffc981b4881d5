create or replace function etl_api.kv_refuse_org(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from public.org as o where o.id = kv_refuse_org.org_id) then
    raise exception using
      errcode = 'foreign_key_violation',
      message = 'a row of kv_store refers to one of org that is not there',
      detail = pg_catalog.format('(org_id) = (%s).', org_id),
      table = 'kv_store';
  end if;
end
$$;

comment on function etl_api.kv_refuse_org(uuid) is
  'Refuses an org that is not there, once nothing was written for it: the functions that write to the store hold the org in the statement that writes; see etl_api.table_reference. 23503.';

revoke execute on function etl_api.kv_refuse_org(uuid) from public;

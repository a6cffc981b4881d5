create or replace function etl_api.erase_tenant(of_org uuid) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  delete from public.org as o where o.id = of_org;
  return true;
exception when foreign_key_violation then
  -- Somebody has inserted a request since.
  return false;
end
$$;

comment on function etl_api.erase_tenant(uuid) is
  'Deletes the row of a tenant that has nothing left; false: it has something again.';

revoke execute on function etl_api.erase_tenant(uuid) from public;

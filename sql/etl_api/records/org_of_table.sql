create or replace function etl_api.org_of_table(of_table uuid) returns uuid
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (etl_api.find_own_table(of_table)).organization_id;
end
$$;

comment on function etl_api.org_of_table(uuid) is
  'The organisation of a table that the caller may write to; see etl_api.find_own_table.';

revoke execute on function etl_api.org_of_table(uuid) from public;
grant execute on function etl_api.org_of_table(uuid) to service_role;

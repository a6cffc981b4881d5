create or replace function etl_api.next_secret(of_scope text, of_name text)
returns table (version int, has_vault boolean, is_live boolean)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
begin
  return query
  select
    coalesce(pg_catalog.max(s.version), 0) + 1,
    etl_api.has_vault(),
    coalesce(pg_catalog.bool_or(s.state = 'active'), false)
  from etl_api.secret as s
  where s.org_id is not distinct from of_org
    and s.name = of_name;
end
$$;

comment on function etl_api.next_secret(text, text) is
  'What a function must know to seal a secret: the version it will have, whether there is a Vault, and whether an active version is there already. ETL04 for a scope or name that no secret can have.';

revoke execute on function etl_api.next_secret(text, text) from public;
grant execute on function etl_api.next_secret(text, text) to service_role;

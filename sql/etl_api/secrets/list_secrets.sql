create or replace function etl_api.list_secrets(of_scope text default null) returns setof etl_api.secret_overview
language sql stable
set search_path = ''
as $$
  select s.*
  from etl_api.secret_overview as s
  where of_scope is null
    or s.scope = of_scope
  order by s.scope, s.name, s.version desc
$$;

comment on function etl_api.list_secrets(text) is
  'Secrets without their values, of one scope or of all; see etl_api.secret_overview.';

revoke execute on function etl_api.list_secrets(text) from public;
grant execute on function etl_api.list_secrets(text) to service_role;

create or replace function etl_api.set_reason(reason text) returns void
language sql
set search_path = ''
as $$
  select pg_catalog.set_config('etl.reason', coalesce(set_reason.reason, ''), true)
$$;

comment on function etl_api.set_reason(text) is
  'Says why the state changes that follow in this transaction are made; stands in state_history.reason. Null ends it.';

revoke execute on function etl_api.set_reason(text) from public;
grant execute on function etl_api.set_reason(text) to service_role;

create or replace function etl_api.budget_month() returns date
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.date_trunc('month', utils.now() at time zone 'UTC')::date;
end
$$;

comment on function etl_api.budget_month() is 'The month that budgets speak of now: its first day, in UTC.';

revoke execute on function etl_api.budget_month() from public;
grant execute on function etl_api.budget_month() to authenticated, service_role;

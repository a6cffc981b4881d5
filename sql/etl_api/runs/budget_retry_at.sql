create or replace function etl_api.budget_retry_at() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return least(
    utils.now() + interval '1 minute',
    (etl_api.budget_month() + interval '1 month') at time zone 'UTC');
end
$$;

comment on function etl_api.budget_retry_at() is
  'When a page that the budget of the month does not allow is looked at again: in a minute, should it be raised, or when the next month begins.';

revoke execute on function etl_api.budget_retry_at() from public;
grant execute on function etl_api.budget_retry_at() to service_role;

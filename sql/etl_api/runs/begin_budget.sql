create or replace function etl_api.begin_budget(org_id uuid) returns void
language sql
set search_path = ''
as $$
  -- Nobody counted so far. A page that waits for the budget has not been paid.
  insert into etl_api.budget_used as u (org_id, month, amount)
  select begin_budget.org_id, etl_api.budget_month(), coalesce(pg_catalog.sum(r.cost), 0)
  from public.run_request as r
  where r.org_id = begin_budget.org_id
    and r.created_at >= etl_api.budget_month()::timestamp at time zone 'UTC'
    and r.cost > 0
    and r.state_substate is distinct from 'budget'
  on conflict (org_id, month, workflow_request_id) do update
  set amount = greatest(u.amount, excluded.amount)
$$;

comment on function etl_api.begin_budget(uuid) is
  'Counts what the tenant''s HTTP requests of this month have cost so far, when it is given a budget in the middle of it. Reads all HTTP requests, so it is not for every day.';

revoke execute on function etl_api.begin_budget(uuid) from public;
grant execute on function etl_api.begin_budget(uuid) to service_role;

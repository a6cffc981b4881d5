create or replace function etl_api.is_over_budget(org_id uuid, cost numeric) returns boolean
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  return coalesce((
    select coalesce(u.amount, 0) + is_over_budget.cost > etl_api.monthly_budget(o.settings)
    from public.org as o
    left join etl_api.budget_used as u
      on u.org_id = o.id
      and u.month = etl_api.budget_month()
      and u.workflow_request_id is null
    where o.id = is_over_budget.org_id), false);
end
$$;

comment on function etl_api.is_over_budget(uuid, numeric) is
  'Whether one more HTTP request of this cost would exceed what the tenant may spend in this month.';

revoke execute on function etl_api.is_over_budget(uuid, numeric) from public;
grant execute on function etl_api.is_over_budget(uuid, numeric) to service_role;

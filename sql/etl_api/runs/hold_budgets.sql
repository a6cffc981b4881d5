create or replace function etl_api.hold_budgets(org_ids uuid[], workflow_request_ids uuid[])
returns table (account uuid, amount_left numeric)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  this_month constant date := etl_api.budget_month();
  capped uuid[] := array(
    select o.id
    from public.org as o
    where o.id = any (org_ids)
      and etl_api.monthly_budget(o.settings) is not null);
begin
  -- Made and held in one order, so that no two wait for each other in a ring.
  if capped <> '{}' then
    insert into etl_api.budget_used (org_id, month)
    select o.id, this_month
    from unnest(capped) as o (id)
    order by o.id
    on conflict do nothing;
  end if;
  perform 1
  from etl_api.budget_used as u
  where (u.org_id = any (capped) and u.month = this_month)
    or u.workflow_request_id = any (workflow_request_ids)
  order by u.org_id, u.workflow_request_id
  for no key update;
  if not found then
    return;
  end if;

  -- A statement of its own: who waited above sees what the other has spent.
  return query
  select u.org_id, etl_api.monthly_budget(o.settings) - u.amount
  from etl_api.budget_used as u
  join public.org as o on o.id = u.org_id
  where u.org_id = any (capped)
    and u.month = this_month
  union all
  select u.workflow_request_id, u.cap - u.amount
  from etl_api.budget_used as u
  where u.workflow_request_id = any (workflow_request_ids);
end
$$;

comment on function etl_api.hold_budgets(uuid[], uuid[]) is
  'What these tenants may still spend in this month, and these workflow requests at all; no row where nothing caps it. account is the id of the org or the request. Holds their rows until the transaction ends.';

revoke execute on function etl_api.hold_budgets(uuid[], uuid[]) from public;
grant execute on function etl_api.hold_budgets(uuid[], uuid[]) to service_role;

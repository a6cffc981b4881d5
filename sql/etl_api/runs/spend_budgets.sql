create or replace function etl_api.spend_budgets(
  org_ids uuid[], workflow_request_ids uuid[], costs numeric[], reserve boolean default false)
returns text[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  this_month constant date := etl_api.budget_month();
  accounts uuid[];
  amounts numeric[];
  spent numeric[];
  org int;
  workflow int;
  verdicts text[] := pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(costs)]);
begin
  select pg_catalog.array_agg(h.account), pg_catalog.array_agg(h.amount_left), pg_catalog.array_agg(0::numeric)
  into accounts, amounts, spent
  from etl_api.hold_budgets(org_ids, workflow_request_ids) as h;
  if accounts is null then
    return verdicts;
  end if;

  -- A loop, because whether one can be paid depends on those before.
  for i in 1..pg_catalog.cardinality(costs) loop
    continue when not costs[i] > 0;
    org := pg_catalog.array_position(accounts, org_ids[i]);
    workflow := pg_catalog.array_position(accounts, workflow_request_ids[i]);
    verdicts[i] := case
      when spent[workflow] + costs[i] > amounts[workflow] then 'workflow'
      when spent[org] + costs[i] > amounts[org] then 'month'
    end;
    if workflow is not null and (verdicts[i] is null or verdicts[i] = 'month' and reserve) then
      spent[workflow] := spent[workflow] + costs[i];
    end if;
    if org is not null and verdicts[i] is null then
      spent[org] := spent[org] + costs[i];
    end if;
  end loop;

  update etl_api.budget_used as u
  set amount = u.amount + s.spent
  from unnest(accounts, spent) as s (account, spent)
  where s.spent > 0
    and ((u.org_id = s.account and u.month = this_month) or u.workflow_request_id = s.account);
  return verdicts;
end
$$;

comment on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) is
  'Pays HTTP requests from the budgets of their tenants and workflow requests, in order. One verdict each: null (paid, or nothing caps it), workflow or month (that budget does not allow it: nothing was paid; with reserve, what the month does not allow yet is paid from the workflow''s budget).';

revoke execute on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) from public;
grant execute on function etl_api.spend_budgets(uuid[], uuid[], numeric[], boolean) to service_role;

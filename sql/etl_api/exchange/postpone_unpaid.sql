create or replace function etl_api.postpone_unpaid(run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  asked record;
  postponed uuid[];
begin
  select pg_catalog.array_agg(r.id order by r.due_at, r.id) as ids,
    pg_catalog.array_agg(r.org_id order by r.due_at, r.id) as orgs,
    pg_catalog.array_agg(r.cost order by r.due_at, r.id) as costs
  into asked
  from public.run_request as r
  where r.id = any (run_request_ids);

  -- What the workflow has to pay was paid when the page was queued.
  select coalesce(pg_catalog.array_agg(t.id), '{}') into postponed
  from unnest(asked.ids, etl_api.spend_budgets(asked.orgs, '{}', asked.costs)) as t (id, verdict)
  where t.verdict is not null;

  update public.run_request as r
  set due_at = etl_api.budget_retry_at()
  where r.id = any (postponed);
  return postponed;
end
$$;

comment on function etl_api.postpone_unpaid(uuid[]) is
  'Pays pages that wait for the budget of the month. Returns those it still does not allow, which are looked at again in a minute. The caller holds their rows.';

revoke execute on function etl_api.postpone_unpaid(uuid[]) from public;
grant execute on function etl_api.postpone_unpaid(uuid[]) to service_role;

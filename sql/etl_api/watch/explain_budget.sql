create or replace function etl_api.explain_budget(org_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format(
    ': the monthly budget of the org is %s, of which %s is spent; it goes on when that is raised (org.settings.monthly_budget) or when the next month begins, in %s.',
    coalesce(etl_api.monthly_budget(o.settings)::text, 'gone'), coalesce(u.amount, 0),
    etl_api.explain_span((etl_api.budget_month() + interval '1 month') at time zone 'UTC' - utils.now()))
  from public.org as o
  left join etl_api.budget_used as u
    on u.org_id = o.id
    and u.month = etl_api.budget_month()
  where o.id = explain_budget.org_id
$$;

comment on function etl_api.explain_budget(uuid) is
  'The end of a sentence about what the monthly budget of an org does not allow.';

revoke execute on function etl_api.explain_budget(uuid) from public;

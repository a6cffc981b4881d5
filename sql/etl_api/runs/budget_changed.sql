create or replace function etl_api.budget_changed() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if etl_api.monthly_budget(old.settings) is null then
    perform etl_api.begin_budget(new.id);
  end if;
  -- What waited for the budget may go on.
  perform etl_api.ring('execute-runs');
  return null;
end
$$;

comment on function etl_api.budget_changed() is
  'Puts another monthly_budget of an org into force: a first one counts what the month has cost already, and what waited is looked at again.';

revoke execute on function etl_api.budget_changed() from public;

-- By row and by column, since the counters of the same row are written all the time and are none of its business.

drop trigger if exists budget_changed on public.org;
create trigger budget_changed
  after update of settings on public.org
  for each row
  when (old.settings -> 'monthly_budget' is distinct from new.settings -> 'monthly_budget')
  execute function etl_api.budget_changed();
comment on trigger budget_changed on public.org is
  'A new budget holds at once, for the whole month.';

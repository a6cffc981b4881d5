-- By row and by column, since the counters of the same row are written all the time and are none of its business.

drop trigger if exists check_org_settings on public.org;
create trigger check_org_settings
  before insert or update of settings on public.org
  for each row
  execute function etl_api.check_org_settings();
comment on trigger check_org_settings on public.org is
  'Settings are valid before the engine meets them.';

drop trigger if exists check_endpoint_rules_insert on public.webhook_endpoint;
create trigger check_endpoint_rules_insert
  after insert on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_insert on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists check_endpoint_rules_update on public.webhook_endpoint;
create trigger check_endpoint_rules_update
  after update on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_update on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists check_endpoint_url on public.webhook_endpoint;
create trigger check_endpoint_url
  before insert or update of url on public.webhook_endpoint
  for each row
  execute function etl_api.check_endpoint_url();
comment on trigger check_endpoint_url on public.webhook_endpoint is
  'An address is one that messages can be sent to; one from before stays until it is changed.';

drop trigger if exists keep_endpoint_marks on public.webhook_endpoint;
create trigger keep_endpoint_marks
  before update of disabled_at on public.webhook_endpoint
  for each row
  when (old.disabled_at is not null and new.disabled_at is null)
  execute function etl_api.keep_endpoint_marks();
comment on trigger keep_endpoint_marks on public.webhook_endpoint is
  'An endpoint in use again begins anew.';

drop trigger if exists follow_endpoints on public.webhook_endpoint;
create trigger follow_endpoints
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.follow_endpoints();
comment on trigger follow_endpoints on public.webhook_endpoint is
  'Messages wait while their endpoint is disabled, and go on when it is in use again.';

drop trigger if exists follow_orgs on public.org;
create trigger follow_orgs
  after update of settings, deleted_at on public.org
  for each row
  when (old.settings -> 'ordered_deliveries' is distinct from new.settings -> 'ordered_deliveries'
    or (old.deleted_at is null) <> (new.deleted_at is null))
  execute function etl_api.follow_orgs();
comment on trigger follow_orgs on public.org is
  'What is known of a lane holds for the order it had.';

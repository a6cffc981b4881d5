-- By column: when a rule was looked at last is written every minute and is none of their business.

drop trigger if exists check_alert_rules on etl_api.alert_rule;
create trigger check_alert_rules
  before insert or update of kind, threshold, source_id on etl_api.alert_rule
  for each row
  execute function etl_api.check_alert_rules();
comment on trigger check_alert_rules on etl_api.alert_rule is
  'A rule is sensible before the engine meets it.';

drop trigger if exists check_config_org_insert on etl_api.alert_rule;
create trigger check_config_org_insert
  after insert on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on etl_api.alert_rule is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on etl_api.alert_rule;
create trigger check_config_org_update
  after update on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on etl_api.alert_rule is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists keep_config_org on etl_api.alert_rule;
create trigger keep_config_org
  before update of org_id on etl_api.alert_rule
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on etl_api.alert_rule is
  'A row never moves to another org.';

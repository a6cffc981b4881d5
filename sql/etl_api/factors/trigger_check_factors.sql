-- What a factor could not decide at work is refused when it, or the datapoint it measures, is written.

drop trigger if exists check_factor_rules_insert on public.factor;
create trigger check_factor_rules_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_factor_rules();
comment on trigger check_factor_rules_insert on public.factor is
  'A factor can be decided before the engine meets it.';

drop trigger if exists check_factor_rules_update on public.factor;
create trigger check_factor_rules_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_factor_rules();
comment on trigger check_factor_rules_update on public.factor is
  'A factor can be decided before the engine meets it.';

drop trigger if exists check_factors_of_datapoints on public.datapoint;
create trigger check_factors_of_datapoints
  after update on public.datapoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.check_factors_of_datapoints();
comment on trigger check_factors_of_datapoints on public.datapoint is
  'A datapoint keeps the type its factors need.';

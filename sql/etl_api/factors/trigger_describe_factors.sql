-- The sentence of a factor follows the factor and the names in it.

drop trigger if exists describe_factors_insert on public.factor;
create trigger describe_factors_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_insert on public.factor is
  'description is the sentence of the factor.';

drop trigger if exists describe_factors_update on public.factor;
create trigger describe_factors_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.factor is
  'description is the sentence of the factor.';

drop trigger if exists describe_factors_update on public.datapoint;
create trigger describe_factors_update
  after update on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.datapoint is
  'Factors speak of it by its name of now.';

drop trigger if exists describe_factors_update on public.object_type;
create trigger describe_factors_update
  after update on public.object_type
  referencing new table as new_rows
  for each statement
  execute function etl_api.describe_changed_factors();
comment on trigger describe_factors_update on public.object_type is
  'Factors speak of it by its name of now.';

create or replace function etl_api.evaluate_factor(factor_id uuid, object_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select e.met from etl_api.evaluate_factors(array[factor_id], array[object_id]) as e
$$;

comment on function etl_api.evaluate_factor(uuid, uuid) is
  'Whether an object meets a factor, by its best known value; null when that is not decidable.';

revoke execute on function etl_api.evaluate_factor(uuid, uuid) from public;
grant execute on function etl_api.evaluate_factor(uuid, uuid) to service_role;

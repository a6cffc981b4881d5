create or replace function etl_api.check_value_counts(object_ids uuid[], run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_values');
  crowded record;
begin
  -- Mostly all of them together are not too many for one.
  if pg_catalog.cardinality(object_ids) <= most then
    return;
  end if;
  select pg_catalog.count(*) as "values" into crowded
  from unnest(object_ids, run_request_ids) as v (object_id, run_request_id)
  group by v.object_id, v.run_request_id
  having pg_catalog.count(*) > most
  limit 1;
  if found then
    perform etl_api.refuse_limit('too_many_values', '$', crowded."values",
      pg_catalog.format('The answer gives %s values to one object; %s is the most.', crowded."values", most),
      'Map fewer datapoints of this source, or have the operator raise the setting max_values.');
  end if;
end
$$;

comment on function etl_api.check_value_counts(uuid[], uuid[]) is
  'Refuses answers that give more values to one object than the setting max_values allows; object_ids, run_request_ids: whose value each is, and from whose answer. ETL09: one does.';

revoke execute on function etl_api.check_value_counts(uuid[], uuid[]) from public;
grant execute on function etl_api.check_value_counts(uuid[], uuid[]) to service_role;

create or replace function etl_api.check_factors_of_datapoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, case when n.value_type <> o.value_type then 'value_type' else 'object_type_id' end as field,
    case when n.value_type <> o.value_type then n.value_type else n.object_type_id::text end as found,
    e.factor_id, f.description, e.field as factor_field, e.fault
  into fault
  from new_rows as n
  join old_rows as o on o.id = n.id
  join public.factor as f on f.datapoint_id = n.id
  cross join lateral etl_api.factor_faults(array[f.id]) as e
  where (n.value_type, n.object_type_id) <> (o.value_type, o.object_type_id)
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: with %s the factor %s (%s) loses its sense: %s: %s', tg_table_name, fault.id,
        fault.field, fault.found, fault.factor_id, fault.description, fault.factor_field, fault.fault),
      hint = 'Change or delete that factor first; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_factors_of_datapoints() is
  'Refuses changes of a datapoint''s value_type or object type with which a factor could no longer be decided. ETL07 with the factor.';

revoke execute on function etl_api.check_factors_of_datapoints() from public;

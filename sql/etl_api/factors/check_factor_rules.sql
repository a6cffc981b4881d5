create or replace function etl_api.check_factor_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- Whoever renames or retypes one of these waits for this factor, and this factor for them: neither misses the other.
  perform from public.object_type as t where t.id in (select n.object_type_id from new_rows as n) order by t.id for share;
  perform from public.datapoint as d where d.id in (select n.datapoint_id from new_rows as n) order by d.id for share;

  select e.* into fault
  from etl_api.factor_faults(array(select n.id from new_rows as n)) as e
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.factor_id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_factor_rules() is
  'Refuses factors that could not be decided. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_factor_rules() from public;

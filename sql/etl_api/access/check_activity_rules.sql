create or replace function etl_api.check_activity_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, n.activity_type into fault
  from new_rows as n
  where not (select etl_api.activity_types()) ? n.activity_type
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('activity %s: activity_type: %s is unknown: known are %s', fault.id,
        pg_catalog.to_json(fault.activity_type),
        (select pg_catalog.string_agg(t.name, ', ' order by t.name)
         from pg_catalog.jsonb_object_keys(etl_api.activity_types()) as t (name))),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_activity_rules() is
  'Refuses activities of a type that no function creates runs for. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_activity_rules() from public;

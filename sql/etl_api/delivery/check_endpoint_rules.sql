create or replace function etl_api.check_endpoint_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, f.field, f.fault into fault
  from new_rows as n
  cross join lateral (
    values
      ('headers', utils.endpoint_headers_error(n.headers)),
      ('schedule_seconds', utils.delivery_schedule_error(n.schedule_seconds))
  ) as f (field, fault)
  where f.fault is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_endpoint_rules() is
  'Refuses webhook endpoints whose headers or schedule the engine could not use. ETL07 with the field and a sentence.';

revoke execute on function etl_api.check_endpoint_rules() from public;

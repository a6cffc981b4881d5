create or replace function etl_api.check_org_settings() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select f.field, f.fault into fault
  from (
    values
      ('log_level', case when new.settings ->> 'log_level' not in ('debug', 'info', 'warn', 'error')
        or pg_catalog.jsonb_typeof(new.settings -> 'log_level') not in ('string', 'null')
        then 'debug, info, warn or error' end),
      ('webhook_secret_name', case when new.settings ->> 'webhook_secret_name' !~ '^[A-Za-z0-9_.-]+$'
        or pg_catalog.jsonb_typeof(new.settings -> 'webhook_secret_name') not in ('string', 'null')
        then 'a name of letters, digits, ".", "_" and "-"' end),
      ('ordered_deliveries', case when pg_catalog.jsonb_typeof(new.settings -> 'ordered_deliveries') not in ('boolean', 'null')
        then 'true or false' end),
      ('monthly_budget', case when case pg_catalog.jsonb_typeof(new.settings -> 'monthly_budget')
          when 'number' then (new.settings ->> 'monthly_budget')::numeric < 0
          when 'null' then false
          else new.settings ? 'monthly_budget' end
        then 'a number from 0' end)
  ) as f (field, fault)
  where f.fault is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: settings.%s must be %s, not %s', tg_table_name, new.id, fault.field, fault.fault,
        pg_catalog."left"((new.settings -> fault.field)::text, 80)),
      hint = 'Correct this setting, or leave it out for its default; nothing of the statement was written.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_org_settings() is
  'Refuses settings of an org that the engine could not use. ETL07 with the name and what it must be.';

revoke execute on function etl_api.check_org_settings() from public;

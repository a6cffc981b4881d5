create or replace function etl_api.schedule_error(cron text, time_zone text, data jsonb) returns text
language sql stable
set search_path = ''
as $$
  -- In this order, so that the time zone is known to be one before anything is reckoned in it. A name that is not in
  -- the list would often be taken all the same, as "this far from UTC" in the sense opposite to the usual.
  select case
    when utils.cron_error(cron) is not null then 'cron: ' || utils.cron_error(cron)
    when not exists (
      select 1
      from pg_catalog.pg_timezone_names as z
      where pg_catalog.lower(z.name) = pg_catalog.lower(time_zone))
      then pg_catalog.format('time_zone: there is no time zone %s', pg_catalog.to_json(pg_catalog.left(time_zone, 80)))
    when pg_catalog.jsonb_typeof(data) <> 'object'
      then pg_catalog.format('data: the data of a request is an object, but this is %s', etl_api.describe_json(data))
  end
$$;

comment on function etl_api.schedule_error(text, text, jsonb) is
  'What is wrong with a schedule: the field and a sentence; null when nothing is. What its data asks for is judged when a request is made of it.';

revoke execute on function etl_api.schedule_error(text, text, jsonb) from public;
grant execute on function etl_api.schedule_error(text, text, jsonb) to authenticated, service_role;

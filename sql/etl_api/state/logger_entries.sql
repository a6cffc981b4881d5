create or replace function etl_api.logger_entries(entries etl_api.etl_log[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  levels constant text[] := array['debug', 'info', 'warn', 'error'];
  default_level constant text := etl_api.setting_value('log_level') #>> '{}';
begin
  if pg_catalog.cardinality(entries) = 0 then
    return;
  end if;
  insert into etl_api.etl_log (at, level, station, message, org_id, entity, entity_id, trace_id, context)
  select utils.now(), e.level, e.station, e.message, e.org_id, e.entity, e.entity_id,
    coalesce(e.trace_id, case e.entity when 'workflow_request' then e.entity_id end),
    nullif(pg_catalog.jsonb_strip_nulls(e.context), '{}')
  from pg_catalog.unnest(entries) as e
  left join public.org as o on o.id = e.org_id
  -- An unknown level is not less than another: the table refuses it.
  where coalesce(pg_catalog.array_position(levels, e.level), 4) >= coalesce(
    pg_catalog.array_position(levels, o.settings ->> 'log_level'), pg_catalog.array_position(levels, default_level), 2);
end
$$;

comment on function etl_api.logger_entries(etl_api.etl_log[]) is
  'Writes entries to etl_api.etl_log, those below the level left out: org.settings.log_level, else the setting log_level. id and at are given here.';

revoke execute on function etl_api.logger_entries(etl_api.etl_log[]) from public;
grant execute on function etl_api.logger_entries(etl_api.etl_log[]) to service_role;

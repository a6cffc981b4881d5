create or replace function etl_api.time_limit(config jsonb, name text) returns interval
language plpgsql stable
set search_path = ''
as $$
declare
  seconds numeric := utils.number_or(config -> name, null);
begin
  if seconds is null then
    seconds := (etl_api.setting_value(name) #>> '{}')::numeric;
  end if;
  -- Between a second and ten years, whatever somebody wrote: an interval must not overflow a timestamp.
  return pg_catalog.make_interval(secs => greatest(1, least(315360000, seconds))::double precision);
end
$$;

comment on function etl_api.time_limit(jsonb, text) is
  'A time limit such as activity_timeout_seconds: from config when it holds a number of that name, else from the setting of that name.';

revoke execute on function etl_api.time_limit(jsonb, text) from public;
grant execute on function etl_api.time_limit(jsonb, text) to service_role;

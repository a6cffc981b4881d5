create or replace function etl_api.time_limit(config jsonb, name text) returns interval
language plpgsql stable
set search_path = ''
as $$
declare
  seconds numeric := case when pg_catalog.jsonb_typeof(config -> name) = 'number' then (config -> name)::numeric end;
begin
  if seconds is null then
    select (s.value #>> '{}')::numeric into seconds
    from etl_api.setting as s
    where s.name = time_limit.name;
  end if;
  -- Between a second and ten years, whatever somebody wrote: an interval must not overflow a timestamp.
  return pg_catalog.make_interval(secs => greatest(1, least(315360000, seconds))::double precision);
end
$$;

comment on function etl_api.time_limit(jsonb, text) is
  'A time limit such as activity_timeout_seconds: from config when it holds a number of that name, else from the setting of that name.';

revoke execute on function etl_api.time_limit(jsonb, text) from public;
grant execute on function etl_api.time_limit(jsonb, text) to service_role;

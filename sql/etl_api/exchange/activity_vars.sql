create or replace function etl_api.activity_vars(activity_request_id uuid, with_factors boolean) returns jsonb
language plpgsql stable
set search_path = ''
-- render_requests has switched it off for its lists.
set enable_nestloop = on
as $$
begin
  return (
    select pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('max_objects', ar.max_objects))
      || pg_catalog.jsonb_build_object('run_setup', ar.config)
      || case when with_factors then etl_api.factor_vars(ar.activity_id, ar.org_id) else '{}' end
    from public.activity_request as ar
    where ar.id = activity_vars.activity_request_id);
end
$$;

comment on function etl_api.activity_vars(uuid, boolean) is
  'What the placeholders of an activity request stand for in its HTTP requests: <<$run_setup>>, <<$max_objects>> when it has one, and with_factors <<$criteria>> and <<$factors>>.';

revoke execute on function etl_api.activity_vars(uuid, boolean) from public;
grant execute on function etl_api.activity_vars(uuid, boolean) to service_role;

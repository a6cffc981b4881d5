create or replace function etl_api.lane_of(org_id uuid, url text) returns uuid
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.md5(org_id::text || ' ' || pg_catalog.lower(pg_catalog.split_part(url, '/', 3)))::uuid;
end
$$;

comment on function etl_api.lane_of(uuid, text) is
  'The lane of messages to a URL that a request gave: one for each tenant and host. The lane of an endpoint is its id.';

revoke execute on function etl_api.lane_of(uuid, text) from public;
grant execute on function etl_api.lane_of(uuid, text) to service_role;

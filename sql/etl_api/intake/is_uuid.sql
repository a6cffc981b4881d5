create or replace function etl_api.is_uuid(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- plpgsql, since its simple expressions are evaluated without an executor; this runs once per activity.
  return input ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
end
$$;

comment on function etl_api.is_uuid(text) is 'Whether a text is a UUID as it is usually written, so that it can be cast.';

revoke execute on function etl_api.is_uuid(text) from public;
grant execute on function etl_api.is_uuid(text) to service_role;

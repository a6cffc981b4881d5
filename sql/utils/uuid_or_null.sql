create or replace function utils.uuid_or_null(value jsonb) returns uuid
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when value #>> '{}' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    then (value #>> '{}')::uuid end;
end
$$;

comment on function utils.uuid_or_null(jsonb) is 'The UUID that a JSON string is; null for anything else.';

revoke execute on function utils.uuid_or_null(jsonb) from public;
grant execute on function utils.uuid_or_null(jsonb) to authenticated, service_role;

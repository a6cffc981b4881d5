create or replace function etl_api.limit_of(name text) returns bigint
language plpgsql stable
set search_path = ''
as $$
declare
  value constant jsonb := etl_api.setting_value(name);
begin
  -- What is no number is no limit that could be held to: that is a slip of the operator, and must not stop the work.
  return case when pg_catalog.jsonb_typeof(value) = 'number'
    then pg_catalog.trunc(least(greatest((value #>> '{}')::numeric, 0), 9000000000000000))
    else 9000000000000000 end;
end
$$;

comment on function etl_api.limit_of(text) is
  'The limit that a setting gives, such as max_objects; where it is null, so large a number that nothing reaches it.';

revoke execute on function etl_api.limit_of(text) from public;
grant execute on function etl_api.limit_of(text) to service_role;

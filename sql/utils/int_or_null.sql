create or replace function utils.int_or_null(value jsonb) returns int
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(value) = 'number' then
    case when value::numeric between -2147483648 and 2147483647 then pg_catalog.round(value::numeric)::int end
  end;
end
$$;

comment on function utils.int_or_null(jsonb) is
  'The number that a JSON value is, rounded, when it fits an int; null for anything else, so that no reported figure can raise.';

revoke execute on function utils.int_or_null(jsonb) from public;
grant execute on function utils.int_or_null(jsonb) to service_role;

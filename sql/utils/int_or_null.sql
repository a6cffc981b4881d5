create or replace function utils.int_or_null(value jsonb) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  select case when utils.number_or(value, null) between -2147483648 and 2147483647
    then pg_catalog.round(utils.number_or(value, null))::int end
$$;

comment on function utils.int_or_null(jsonb) is
  'The number that a JSON value is, rounded, when it fits an int; null for anything else, so that no reported figure can raise.';

revoke execute on function utils.int_or_null(jsonb) from public;
grant execute on function utils.int_or_null(jsonb) to service_role;

create or replace function utils.factor_operators(value_type text) returns public.operator_enum[]
language sql immutable parallel safe
set search_path = ''
as $$
  select case value_type
    when 'text' then pg_catalog.enum_range(null::public.operator_enum)
    when 'number' then '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}'
    when 'date' then '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}'
    when 'timestamp' then '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}'
    when 'boolean' then '{equals,not_equals,is_null,is_not_null}'
    when 'list' then '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}'
    when 'json' then '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}'
  end::public.operator_enum[]
$$;

comment on function utils.factor_operators(text) is
  'The operators that make sense for a value_type; a factor with another one is refused. Null for an unknown type.';

revoke execute on function utils.factor_operators(text) from public;
grant execute on function utils.factor_operators(text) to authenticated, service_role;

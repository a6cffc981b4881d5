create or replace function utils.factor_operators(kind text) returns public.operator_enum[]
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when kind = 'text' then pg_catalog.enum_range(null::public.operator_enum)
    when kind in ('number', 'date', 'timestamp', 'frequency') then '{equals,not_equals,greater_than,greater_equal,less_than,
      less_equal,in,not_in,between,is_null,is_not_null}'
    when kind = 'boolean' then '{equals,not_equals,is_null,is_not_null}'
    when kind in ('list', 'json') then '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}'
    -- Texts that a factor takes for a place or a profile: as text, but without an order.
    when kind in ('place', 'similarity') then '{equals,not_equals,contains,not_contains,starts_with,ends_with,in,not_in,
      is_null,is_not_null,like,ilike,regex,not_regex}'
  end::public.operator_enum[]
$$;

comment on function utils.factor_operators(text) is
  'The operators that make sense for a value_type, or for the kind a factor makes of a text; a factor with another one is refused. Null for an unknown one.';

revoke execute on function utils.factor_operators(text) from public;
grant execute on function utils.factor_operators(text) to authenticated, service_role;

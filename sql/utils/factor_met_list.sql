create or replace function utils.factor_met_list(members text[], operator public.operator_enum, items text[]) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when operator = 'contains' or operator = 'in' then members && items
    when operator = 'not_contains' or operator = 'not_in' then not members && items
    when operator = 'equals' then members <@ items and items <@ members
    when operator = 'not_equals' then not (members <@ items and items <@ members)
  end
$$;

comment on function utils.factor_met_list(text[], public.operator_enum, text[]) is
  'Whether a list meets a factor: contains and in ask for any common member, equals for the same members in any order.';

revoke execute on function utils.factor_met_list(text[], public.operator_enum, text[]) from public;
grant execute on function utils.factor_met_list(text[], public.operator_enum, text[]) to authenticated, service_role;

create or replace function utils.factor_phrase(factor_type public.factor_type_enum, operator public.operator_enum) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    case factor_type
      when 'time' then case operator
        when 'greater_than' then 'is after'
        when 'greater_equal' then 'is on or after'
        when 'less_than' then 'is before'
        when 'less_equal' then 'is on or before'
      end
      when 'place' then case operator
        when 'equals' then 'is in'
        when 'not_equals' then 'is not in'
        when 'in' then 'is in one of'
        when 'not_in' then 'is not in any of'
      end
      when 'similarity' then case operator
        when 'equals' then 'is similar to'
        when 'not_equals' then 'is not similar to'
        when 'in' then 'is similar to one of'
        when 'not_in' then 'is not similar to any of'
      end
    end,
    case operator
      when 'equals' then 'is'
      when 'not_equals' then 'is not'
      when 'greater_than' then 'is more than'
      when 'greater_equal' then 'is at least'
      when 'less_than' then 'is less than'
      when 'less_equal' then 'is at most'
      when 'contains' then 'contains'
      when 'not_contains' then 'does not contain'
      when 'starts_with' then 'starts with'
      when 'ends_with' then 'ends with'
      when 'in' then 'is one of'
      when 'not_in' then 'is not one of'
      when 'between' then 'is between'
      when 'is_null' then 'is empty'
      when 'is_not_null' then 'is not empty'
      when 'like' then 'is like'
      when 'ilike' then 'is like'
      when 'regex' then 'matches'
      when 'not_regex' then 'does not match'
    end)
$$;

comment on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) is
  'How an operator reads between a datapoint and a value; times, places and similarity have phrases of their own.';

revoke execute on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) from public;
grant execute on function utils.factor_phrase(public.factor_type_enum, public.operator_enum) to authenticated, service_role;

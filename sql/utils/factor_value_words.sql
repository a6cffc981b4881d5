create or replace function utils.factor_value_words(
  factor_type public.factor_type_enum, operator public.operator_enum, value text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  several constant boolean := operator in ('in', 'not_in', 'between');
  content text := case
    when operator = 'between' then pg_catalog.array_to_string(utils.factor_bounds(value), ' and ')
    when several then pg_catalog.array_to_string(utils.factor_items(value), ', ') end;
begin
  if operator in ('is_null', 'is_not_null') then
    return null;
  end if;
  content := pg_catalog.btrim(pg_catalog.regexp_replace(coalesce(nullif(content, ''), value), '[[:space:][:cntrl:]]+', ' ', 'g'));
  if coalesce(content, '') = '' then
    return case factor_type when 'time' then 'some time' when 'place' then 'some place' else 'some value' end
      || case when several then 's' else '' end;
  end if;
  -- A sentence stays readable whatever the value; the factor has all of it.
  return case when pg_catalog.length(content) > 500 then pg_catalog."left"(content, 499) || '…' else content end;
end
$$;

comment on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) is
  'A factor''s value as it reads in its sentence: "a, b", "1 and 5"; null for operators that take none.';

revoke execute on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) from public;
grant execute on function utils.factor_value_words(public.factor_type_enum, public.operator_enum, text) to authenticated, service_role;

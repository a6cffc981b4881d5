create or replace function utils.factor_met_text(content text, operator public.operator_enum, items text[]) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  operand constant text := items[1];
begin
  -- Order is that of the characters' codes, so it is the same on every server.
  case operator
    when 'equals' then return content = operand;
    when 'not_equals' then return content <> operand;
    when 'in' then return content = any (items);
    when 'not_in' then return content <> all (items);
    when 'contains' then return pg_catalog.strpos(content, operand) > 0;
    when 'not_contains' then return pg_catalog.strpos(content, operand) = 0;
    when 'starts_with' then return pg_catalog.starts_with(content, operand);
    when 'ends_with' then return pg_catalog."right"(content, pg_catalog.length(operand)) = operand;
    when 'greater_than' then return content collate "C" > operand;
    when 'greater_equal' then return content collate "C" >= operand;
    when 'less_than' then return content collate "C" < operand;
    when 'less_equal' then return content collate "C" <= operand;
    when 'between' then return content collate "C" between operand and items[2];
    else
      -- Patterns are bounded by utils.factor_pattern_error, and what they are held against is bounded here.
      if pg_catalog.length(content) > 10000 then
        return null;
      end if;
      return case operator
        when 'like' then content like operand
        when 'ilike' then content ilike operand
        when 'regex' then content ~ operand
        when 'not_regex' then content !~ operand
      end;
  end case;
end
$$;

comment on function utils.factor_met_text(text, public.operator_enum, text[]) is
  'Whether a text meets a factor whose value was made ready by utils.factor_operand. Patterns: null for texts of over 10,000 characters.';

revoke execute on function utils.factor_met_text(text, public.operator_enum, text[]) from public;
grant execute on function utils.factor_met_text(text, public.operator_enum, text[]) to authenticated, service_role;

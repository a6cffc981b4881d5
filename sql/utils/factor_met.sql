create or replace function utils.factor_met(
  value jsonb, operator public.operator_enum, kind text, items text[], spans numeric[])
returns boolean
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  shape constant text := coalesce(pg_catalog.jsonb_typeof(value), 'null');
  content text;
begin
  if operator = 'is_null' then
    return shape = 'null' or value in ('[]', '{}') or pg_catalog.btrim(value #>> '{}') = '';
  elsif operator = 'is_not_null' then
    return not utils.factor_met(value, 'is_null', kind, items, spans);
  elsif shape = 'null' then
    return null;
  elsif spans is not null then
    return utils.factor_met_span(utils.factor_span(value, kind), operator, spans);
  elsif kind = 'json' then
    return case
      when operator = 'equals' then value = items[1]::jsonb
      when operator = 'not_equals' then value <> items[1]::jsonb
      when operator = 'contains' then value @> items[1]::jsonb
      when operator = 'not_contains' then not value @> items[1]::jsonb
      when operator = 'in' then value = any (items::jsonb[])
      when operator = 'not_in' then value <> all (items::jsonb[])
    end;
  elsif kind = 'list' then
    return utils.factor_met_list(utils.factor_members(value), operator, items);
  elsif shape in ('array', 'object') then
    return null;
  end if;
  content := value #>> '{}';
  if kind = 'place' then
    -- "Berlin, Germany" is in Berlin and in Germany.
    return utils.factor_met_list(
      utils.factor_items(content) || content,
      case operator when 'equals' then 'in' when 'not_equals' then 'not_in' else operator end,
      items);
  elsif kind = 'similarity' then
    -- What is equal is similar; what is not equal may be similar all the same.
    return case when exists (
        select
        from pg_catalog.unnest(items) as i (item)
        where pg_catalog.lower(i.item) = pg_catalog.lower(content))
      then operator in ('equals', 'in') end;
  end if;
  return utils.factor_met_text(content, operator, items);
end
$$;

comment on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) is
  'Whether a value meets a factor whose kind is of utils.factor_kind and whose value was made ready by utils.factor_operand; null when that is not decidable.';

revoke execute on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) from public;
grant execute on function utils.factor_met(jsonb, public.operator_enum, text, text[], numeric[]) to authenticated, service_role;

create or replace function utils.factor_items(operand text) returns text[]
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  list constant jsonb := case when operand ~ '^\s*\[' then utils.parse_json(operand) end;
begin
  if pg_catalog.jsonb_typeof(list) = 'array' then
    return array(
      select pg_catalog.btrim(item.value)
      from pg_catalog.jsonb_array_elements_text(list) with ordinality as item (value, place)
      where pg_catalog.btrim(item.value) <> ''
      order by item.place);
  end if;
  return array(
    select pg_catalog.btrim(item.value, E' \t\n\r' || pg_catalog.chr(160))
    from pg_catalog.string_to_table(operand, ',') with ordinality as item (value, place)
    where pg_catalog.btrim(item.value, E' \t\n\r' || pg_catalog.chr(160)) <> ''
    order by item.place);
end
$$;

comment on function utils.factor_items(text) is
  'The items of a list as a factor''s value writes it: "a, b" or a JSON array (for items with commas); empty ones are left out.';

revoke execute on function utils.factor_items(text) from public;
grant execute on function utils.factor_items(text) to authenticated, service_role;

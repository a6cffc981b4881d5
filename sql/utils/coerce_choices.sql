-- A multiselect is always a list of texts: a nested value stays in it as its JSON text.
create or replace function utils.coerce_choices(value jsonb, format jsonb, options jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
  list jsonb := case when content ~ '^\s*\[.*\]\s*$' and pg_catalog.jsonb_typeof(value) = 'string' then utils.parse_json(content) end;
  separator constant text := nullif(format ->> 'separator', '');
begin
  if utils.is_nested(list) then
    list := null;
  elsif pg_catalog.jsonb_typeof(value) = 'array' then
    list := value;
  elsif list is null and (options ? content or pg_catalog.jsonb_typeof(value) <> 'string') then
    list := pg_catalog.jsonb_build_array(value);
  end if;
  return (
    select coalesce(pg_catalog.jsonb_agg(coalesce(utils.option_of(p.part, options), p.part) order by p.n), '[]')
    from (
      select case when pg_catalog.jsonb_typeof(e.value) in ('object', 'array')
        then utils.jsonb_compact(e.value) else e.value #>> '{}' end, e.n
      from pg_catalog.jsonb_array_elements(list) with ordinality as e (value, n)
      union all
      select pg_catalog.btrim(e.part, E' \t\r\n'), e.n
      from pg_catalog.regexp_split_to_table(content, case
        when separator is null then '[;|、\n]'
        else pg_catalog.regexp_replace(separator, '([^[:alnum:][:space:]])', '\\\1', 'g') end) with ordinality as e (part, n)
      where list is null
    ) as p (part, n)
    where pg_catalog.btrim(p.part) <> '');
end
$$;

comment on function utils.coerce_choices(jsonb, jsonb, jsonb) is
  'The choices of a multiselect as a JSON array of strings: of a list, of a list written as JSON, or of a text split where the format says (else at ; | 、 and line ends).';

revoke execute on function utils.coerce_choices(jsonb, jsonb, jsonb) from public;
grant execute on function utils.coerce_choices(jsonb, jsonb, jsonb) to authenticated, service_role;

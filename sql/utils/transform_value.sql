create or replace function utils.transform_value(value jsonb, transform text) returns jsonb
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := pg_catalog.jsonb_typeof(value);
  content constant text := value #>> '{}';
  number numeric;
begin
  if kind = 'null' then
    return null;
  elsif transform in ('text', 'string') then
    return pg_catalog.to_jsonb(case when kind = 'string' then content else utils.jsonb_compact(value) end);
  elsif transform = 'json' then
    return nullif(case when kind = 'string' then utils.parse_json(content) else value end, 'null');
  elsif kind in ('object', 'array') then
    return null;
  end if;
  case transform
    when 'trim' then
      return case when kind = 'string'
        then pg_catalog.to_jsonb(pg_catalog.btrim(content, E' \t\n\r\v\f' || pg_catalog.chr(160))) else value end;
    when 'lower' then
      return case when kind = 'string' then pg_catalog.to_jsonb(pg_catalog.lower(content)) else value end;
    when 'upper' then
      return case when kind = 'string' then pg_catalog.to_jsonb(pg_catalog.upper(content)) else value end;
    when 'number' then
      return case kind
        when 'number' then value
        when 'string' then pg_catalog.to_jsonb(utils.parse_number(content))
      end;
    when 'integer' then
      number := case kind when 'number' then content::numeric when 'string' then utils.parse_number(content) end;
      return case when number = pg_catalog.trunc(number) then pg_catalog.to_jsonb(pg_catalog.trunc(number)) end;
    when 'date' then
      return pg_catalog.to_jsonb(utils.parse_date(value));
    when 'boolean' then
      return pg_catalog.to_jsonb(utils.parse_boolean(content));
    else
      return null;
  end case;
end
$$;

comment on function utils.transform_value(jsonb, text) is
  'One transform of one value, as utils.apply_transform describes; null when the value cannot be transformed.';

revoke execute on function utils.transform_value(jsonb, text) from public;
grant execute on function utils.transform_value(jsonb, text) to authenticated, service_role;

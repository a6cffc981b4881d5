create or replace function utils.fill_placeholders(marked text, vars jsonb, in_url boolean) returns jsonb
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  result text := marked;
  name text;
  value jsonb;
  content text;
begin
  loop
    -- What is put in holds no mark, so this is always the next placeholder of the template.
    name := pg_catalog.substring(result, E'[\x01\x02]([^\x05]*)\x05');
    exit when name is null;
    value := utils.placeholder_value(name, vars);
    if value is null then
      raise exception using
        errcode = 'ETL03',
        message = pg_catalog.format('placeholder <<$%s>> cannot be resolved', name),
        hint = 'The variables hold no such name or member; a template names what its source needs to be asked.';
    end if;
    result := pg_catalog.replace(result, E'\x01' || name || E'\x05', value::text);
    if pg_catalog.strpos(result, E'\x02' || name || E'\x05') > 0 then
      content := utils.jsonb_compact(value);
      result := pg_catalog.replace(result, E'\x02' || name || E'\x05',
        case when in_url then utils.url_encode(content) else utils.json_escape(content) end);
    end if;
  end loop;
  if pg_catalog.strpos(result, '$secret.') > 0 then
    result := pg_catalog.regexp_replace(result, '<<(\$+secret\.)', '<<$\1', 'g');
  end if;
  return pg_catalog.regexp_replace(
    pg_catalog.translate(result, E'\x04', '$'), E'\x03([^\x05]*)\x05', '<<$secret.\1>>', 'g')::jsonb;
end
$$;

comment on function utils.fill_placeholders(text, jsonb, boolean) is
  'A marked template with the values of its placeholders, parsed; see utils.replace_request_placeholders.';

revoke execute on function utils.fill_placeholders(text, jsonb, boolean) from public;
grant execute on function utils.fill_placeholders(text, jsonb, boolean) to authenticated, service_role;

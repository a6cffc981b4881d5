create or replace function utils.fill_placeholders(parts text[], vars jsonb, out request jsonb, out missing text[])
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  name text;
  value jsonb;
  content text;
  filled text;
begin
  missing := '{}';
  for i in 2..pg_catalog.cardinality(parts) by 2 loop
    name := pg_catalog.substr(parts[i], 2);
    value := utils.placeholder_value(name, vars);
    content := value::text;
    if content is null then
      name := case when pg_catalog.strpos(name, '\') = 0 then name else ('"' || name || '"')::jsonb #>> '{}' end;
      missing := case when name = any (missing) then missing else missing || name end;
    elsif pg_catalog."left"(parts[i], 1) = E'\x01' then
      parts[i] := content;
    elsif pg_catalog."left"(parts[i], 1) = E'\x06' then
      parts[i] := utils.url_encode(utils.jsonb_compact(value));
    else
      -- As it stands between the quotes of a JSON string: there a string and a scalar stand already.
      parts[i] := case pg_catalog.jsonb_typeof(value)
        when 'string' then pg_catalog.substr(content, 2, pg_catalog.length(content) - 2)
        when 'number' then content
        when 'boolean' then content
        else utils.json_escape(utils.jsonb_compact(value))
      end;
    end if;
  end loop;
  if missing <> '{}' then
    return;
  end if;

  filled := pg_catalog.array_to_string(parts, '');
  if pg_catalog.strpos(filled, '$secret.') > 0 then
    filled := pg_catalog.regexp_replace(filled, '<<(\$+secret\.)', '<<$\1', 'g');
  end if;
  filled := pg_catalog.replace(filled, E'\x04', '$');
  filled := pg_catalog.replace(pg_catalog.replace(filled, E'\x03', '<<$secret.'), E'\x05', '>>');
  request := filled::jsonb;
end
$$;

comment on function utils.fill_placeholders(text[], jsonb) is
  'A template cut by utils.cut_template with the values of its placeholders: request; or, when the variables do not hold all, null and the names that are missing, each once, in order. See utils.replace_request_placeholders.';

revoke execute on function utils.fill_placeholders(text[], jsonb) from public;
grant execute on function utils.fill_placeholders(text[], jsonb) to authenticated, service_role;

create or replace function utils.fill_placeholders(parts text[], vars jsonb, out request jsonb, out missing text[])
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  name text;
  value jsonb;
  filled text;
begin
  missing := '{}';
  for i in 2..pg_catalog.cardinality(parts) by 2 loop
    name := pg_catalog.substr(parts[i], 2);
    value := utils.placeholder_value(name, vars);
    if value is null then
      name := case when pg_catalog.strpos(name, '\') = 0 then name else ('"' || name || '"')::jsonb #>> '{}' end;
      missing := case when name = any (missing) then missing else missing || name end;
    else
      parts[i] := case pg_catalog.left(parts[i], 1)
        when E'\x01' then value::text
        when E'\x02' then utils.json_escape(utils.jsonb_compact(value))
        else utils.url_encode(utils.jsonb_compact(value))
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
  if pg_catalog.strpos(filled, E'\x03') > 0 then
    filled := pg_catalog.regexp_replace(filled, E'\x03([^\x05]*)\x05', '<<$secret.\1>>', 'g');
  end if;
  request := filled::jsonb;
end
$$;

comment on function utils.fill_placeholders(text[], jsonb) is
  'A template cut by utils.cut_template with the values of its placeholders: request; or, when the variables do not hold all, null and the names that are missing, each once, in order. See utils.replace_request_placeholders.';

revoke execute on function utils.fill_placeholders(text[], jsonb) from public;
grant execute on function utils.fill_placeholders(text[], jsonb) to authenticated, service_role;

-- Nothing is lost: a value that changes is handed back as it was (original), and one that does not fit stays as text.
-- Only what the type asks for is changed: an e-mail address or phone number loses the space around it and full-width
-- signs, not its punctuation.
create or replace function utils.coerce_value(
  value jsonb, type text, format jsonb default null, options jsonb default null,
  out coerced jsonb, out fits boolean, out warning text, out original jsonb)
returns record
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := coalesce(pg_catalog.jsonb_typeof(value), 'null');
  content constant text := value #>> '{}';
begin
  if utils.column_type_error(type) is not null then
    raise exception using errcode = 'ETL04', message = utils.column_type_error(type);
  elsif kind = 'null' then
    coerced := 'null';
  elsif type in ('text', 'textarea') then
    coerced := case
      when kind = 'string' or kind in ('object', 'array') and format @> '{"json": true}' then value
      else pg_catalog.to_jsonb(case when kind = 'string' then content else utils.jsonb_compact(value) end)
    end;
  elsif kind = 'string' and utils.narrow_text(content) = '' then
    coerced := 'null';
  elsif type = 'multiselect' then
    coerced := utils.coerce_choices(value, format, options);
  elsif kind not in ('object', 'array') then
    case type
      when 'number' then
        coerced := case kind
          when 'number' then value
          when 'string' then pg_catalog.to_jsonb((utils.read_number(content, format @> '{"decimal": ","}')).number)
        end;
      when 'date' then
        coerced := utils.coerce_date(value, format);
      when 'boolean' then
        coerced := case when kind = 'boolean' then value else pg_catalog.to_jsonb(utils.read_boolean(content)) end;
      when 'select' then
        coerced := pg_catalog.to_jsonb(utils.option_of(content, options));
      else
        coerced := utils.coerce_contact(value, type);
    end case;
  end if;
  fits := coerced is not null
    and (type <> 'multiselect' or not utils.is_nested(value) and utils.unknown_options(coerced, options) is null);
  coerced := coalesce(coerced, pg_catalog.to_jsonb(case when kind = 'string' then content else utils.jsonb_compact(value) end));
  warning := utils.coerce_warning(value, coerced, fits, type, format, options);
  original := case when coerced is distinct from value then value end;
end
$$;

comment on function utils.coerce_value(jsonb, text, jsonb, jsonb) is
  'A value as a column''s type wants it; what does not fit is kept as text (fits false) with a warning, and a value that changed is handed back in original. A blank is null, except as text. format and options are those of utils.infer_schema. Raises for an unknown type only (ETL04).';

revoke execute on function utils.coerce_value(jsonb, text, jsonb, jsonb) from public;
grant execute on function utils.coerce_value(jsonb, text, jsonb, jsonb) to authenticated, service_role;

create or replace function utils.coerce_warning(
  value jsonb, coerced jsonb, fits boolean, type text, format jsonb, options jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  shown text;
  marks text;
begin
  if fits and (type <> 'date' or value = coerced) then
    return null;
  end if;
  shown := pg_catalog."left"(utils.jsonb_compact(value), 80);
  marks := case when type = 'date' and pg_catalog.jsonb_typeof(value) in ('string', 'number')
    then (utils.read_date(value #>> '{}', format ->> 'order')).marks end;
  return case
    when fits and marks ~ 'year|month' and not coalesce(format ? 'precision', false) then pg_catalog.format(
      '%s names only a %s; its first day stands for it', shown, pg_catalog.substring(marks, 'year|month'))
    when fits and marks ~ 'century' then pg_catalog.format('%s has a year of two digits; %s is supposed', shown, pg_catalog."left"(coerced ->> 0, 4))
    when fits then null
    when marks ~ 'either' then pg_catalog.format('%s could be two days, and nothing says which; kept as text', shown)
    when type in ('select', 'multiselect') and utils.unknown_options(
        case when pg_catalog.jsonb_typeof(coerced) = 'array' then coerced else pg_catalog.jsonb_build_array(coerced) end, options) is not null
      then pg_catalog.format('%s is none of the options', utils.unknown_options(
        case when pg_catalog.jsonb_typeof(coerced) = 'array' then coerced else pg_catalog.jsonb_build_array(coerced) end, options))
    else pg_catalog.format('%s is no %s; kept as text', shown, case type
      when 'email' then 'e-mail address' when 'url' then 'URL' when 'phone' then 'phone number' when 'select' then 'choice'
      when 'multiselect' then 'list of choices' when 'boolean' then 'yes or no' else type end)
  end;
end
$$;

comment on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) is
  'What utils.coerce_value has to say of a value: why it does not fit, or what was supposed to make it fit; null when nothing.';

revoke execute on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) from public;
grant execute on function utils.coerce_warning(jsonb, jsonb, boolean, text, jsonb, jsonb) to authenticated, service_role;

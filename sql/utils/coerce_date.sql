-- A bare number is a year or a day written together; seconds since 1970 only where the column's format says so.
create or replace function utils.coerce_date(value jsonb, format jsonb default null) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
  number numeric;
begin
  if pg_catalog.jsonb_typeof(value) = 'boolean' then
    return null;
  elsif content ~ '^[0-9]{9,13}$' and format ? 'epoch' then
    number := content::numeric;
    return case
      when utils.number_class(number) = 'seconds' then pg_catalog.to_jsonb(utils.iso_moment(number))
      when utils.number_class(number) = 'millis' then pg_catalog.to_jsonb(utils.iso_moment(number / 1000))
    end;
  end if;
  return pg_catalog.to_jsonb((utils.read_date(content, format ->> 'order')).moment);
end
$$;

comment on function utils.coerce_date(jsonb, jsonb) is
  'A date, or a moment, in ISO form as a JSON string; null when the value is none or could be two.';

revoke execute on function utils.coerce_date(jsonb, jsonb) from public;
grant execute on function utils.coerce_date(jsonb, jsonb) to authenticated, service_role;

create or replace function utils.column_type_error(type text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if type in ('text', 'number', 'date', 'email', 'phone', 'select', 'multiselect', 'textarea', 'url', 'boolean') then
    return null;
  end if;
  return pg_catalog.format('there is no column type %s; a type is text, number, date, email, phone, select, multiselect, textarea, url or boolean',
    coalesce(pg_catalog.quote_literal(type), 'null'));
end
$$;

comment on function utils.column_type_error(text) is
  'A sentence about what is no type of a column; null for one that is.';

revoke execute on function utils.column_type_error(text) from public;
grant execute on function utils.column_type_error(text) to authenticated, service_role;

create or replace function utils.date_or_null(value jsonb) returns date
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  return case
    when pg_catalog.jsonb_typeof(value) = 'string'
      and content ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
    then content::date
  end;
exception
  -- A 30th of February.
  when data_exception then return null;
end
$$;

comment on function utils.date_or_null(jsonb) is
  'The day that a JSON string is, as 2024-12-24; null for anything else.';

revoke execute on function utils.date_or_null(jsonb) from public;
grant execute on function utils.date_or_null(jsonb) to authenticated, service_role;

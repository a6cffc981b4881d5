create or replace function utils.timestamptz_or_null(value jsonb) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  return case
    when pg_catalog.jsonb_typeof(value) = 'string'
      and content ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$'
    then content::timestamptz
  end;
exception
  -- A 30th of February.
  when data_exception then return null;
end
$$;

comment on function utils.timestamptz_or_null(jsonb) is
  'The moment that a JSON string is, in ISO 8601 with its time zone (2024-12-24T10:00:00Z); null for anything else.';

revoke execute on function utils.timestamptz_or_null(jsonb) from public;
grant execute on function utils.timestamptz_or_null(jsonb) to authenticated, service_role;

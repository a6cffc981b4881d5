create or replace function utils.timestamptz_or_null(value jsonb) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  if pg_catalog.jsonb_typeof(value) = 'string'
    and content ~ '^[0-9-]{10}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)$'
    and utils.date_or_null(pg_catalog.to_jsonb(pg_catalog."left"(content, 10))) is not null
  then
    return content::timestamptz;
  end if;
  return null;
end
$$;

comment on function utils.timestamptz_or_null(jsonb) is
  'The moment that a JSON string is, in ISO 8601 with its time zone (2024-12-24T10:00:00Z); null for anything else.';

revoke execute on function utils.timestamptz_or_null(jsonb) from public;
grant execute on function utils.timestamptz_or_null(jsonb) to authenticated, service_role;

create or replace function utils.date_or_null(value jsonb) returns date
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  -- No exception is caught, which would cost more than all the rest: what passes here is a day.
  if pg_catalog.jsonb_typeof(value) = 'string'
    and content ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
    and content >= '0001'
    and (pg_catalog."right"(content, 2) <= '28'
      or pg_catalog."right"(content, 2)::int <= pg_catalog.date_part('day', (pg_catalog."left"(content, 8) || '01')::date + interval '1 month - 1 day'))
  then
    return content::date;
  end if;
  return null;
end
$$;

comment on function utils.date_or_null(jsonb) is
  'The day that a JSON string is, as 2024-12-24; null for anything else.';

revoke execute on function utils.date_or_null(jsonb) from public;
grant execute on function utils.date_or_null(jsonb) to authenticated, service_role;

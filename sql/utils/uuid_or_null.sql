create or replace function utils.uuid_or_null(value jsonb) returns uuid
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  content constant text := value #>> '{}';
begin
  -- Half the time of one regular expression for all of it.
  return case
    when content like '________-____-____-____-____________'
      and content !~ '[^0-9a-fA-F-]'
      and pg_catalog.length(pg_catalog.replace(content, '-', '')) = 32
    then content::uuid
  end;
end
$$;

comment on function utils.uuid_or_null(jsonb) is 'The UUID that a JSON string is; null for anything else.';

revoke execute on function utils.uuid_or_null(jsonb) from public;
grant execute on function utils.uuid_or_null(jsonb) to authenticated, service_role;

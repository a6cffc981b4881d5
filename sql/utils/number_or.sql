create or replace function utils.number_or(value jsonb, fallback numeric) returns numeric
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when pg_catalog.jsonb_typeof(value) = 'number' then value::numeric else fallback end;
end
$$;

comment on function utils.number_or(jsonb, numeric) is 'The number that a JSON value is, or the fallback for anything else.';

revoke execute on function utils.number_or(jsonb, numeric) from public;
grant execute on function utils.number_or(jsonb, numeric) to authenticated, service_role;

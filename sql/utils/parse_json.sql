-- Catching the error of a cast starts a subtransaction, which no parallel query may do: this function and all that call
-- it say so.
create or replace function utils.parse_json(input text) returns jsonb
language plpgsql immutable strict parallel unsafe
set search_path = ''
as $$
begin
  return input::jsonb;
exception
  -- Not JSON, a character or number that jsonb cannot hold, or nested too deeply.
  when data_exception or program_limit_exceeded or feature_not_supported then
    return null;
end
$$;

comment on function utils.parse_json(text) is
  'The JSON a text holds; null when it is none, or none that jsonb can hold. Never raises.';

revoke execute on function utils.parse_json(text) from public;
grant execute on function utils.parse_json(text) to authenticated, service_role;

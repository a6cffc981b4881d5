create or replace function etl_api.limit_fault(fault_state text, message text, detail text, hint text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  if fault_state is distinct from 'ETL09' then
    return null;
  end if;
  return utils.parse_json(detail) || pg_catalog.jsonb_build_object('message', message, 'hint', hint);
end
$$;

comment on function etl_api.limit_fault(text, text, text, text) is
  'What an exception of refuse_limit says, as {code, path, found, message, hint}; null when it is another.';

revoke execute on function etl_api.limit_fault(text, text, text, text) from public;
grant execute on function etl_api.limit_fault(text, text, text, text) to service_role;

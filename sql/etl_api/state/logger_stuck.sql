create or replace function etl_api.logger_stuck(
  station text, message text, entity etl_api.entity_kind, entity_id uuid, fault_state text, fault_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select 1
    from etl_api.etl_log as l
    where l.entity_id = logger_stuck.entity_id
      and l.station = logger_stuck.station
      and l.message = logger_stuck.message
      and l.at > utils.now() - interval '1 hour')
  then
    return;
  end if;
  perform etl_api.logger('error', station, message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, entity, entity_id);
end
$$;

comment on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) is
  'Tells the log of a row that could not even be ended and is met again and again: once an hour is enough to be found.';

revoke execute on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) from public;
grant execute on function etl_api.logger_stuck(text, text, etl_api.entity_kind, uuid, text, text) to service_role;

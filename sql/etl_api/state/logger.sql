create or replace function etl_api.logger(
  level text,
  station text,
  message text,
  context jsonb default null,
  org_id uuid default null,
  entity etl_api.entity_kind default null,
  entity_id uuid default null
) returns void
language sql
set search_path = ''
as $$
  select etl_api.logger_entries(array[row(
    null, null, logger.level, logger.station, logger.message, coalesce(logger.org_id, home.org_id), logger.entity,
    logger.entity_id, home.workflow_request_id, logger.context)::etl_api.etl_log])
  from etl_api.logger_home(logger.entity, logger.entity_id) as home
$$;

comment on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) is
  'Writes an entry to etl_api.etl_log. Level: debug, info, warn, error; below the level of the org it is not written. With an entity the trace id is its workflow request''s, and the org its own when none is given. It is part of the transaction: a rollback takes it along.';

revoke execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) to service_role;

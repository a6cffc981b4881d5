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
  insert into etl_api.etl_log (at, level, station, message, org_id, entity, entity_id, context)
  values (utils.now(), logger.level, logger.station, logger.message, logger.org_id, logger.entity, logger.entity_id,
    logger.context)
$$;

comment on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) is
  'Writes an entry to etl_api.etl_log. Level: debug, info, warn, error. It is part of the transaction: a rollback takes it along.';

revoke execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) from public;
grant execute on function etl_api.logger(text, text, text, jsonb, uuid, etl_api.entity_kind, uuid) to service_role;

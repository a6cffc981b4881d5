create or replace function etl_api.logger_unsent(
  org_ids uuid[], workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- That an endpoint does not want an event is no fault, and said nowhere.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'delivery', 'No message was made, for its endpoint is gone.', m.org_id,
      case when m.activity_request_id is not null then 'activity_request' when m.workflow_request_id is not null
        then 'workflow_request' end::etl_api.entity_kind,
      coalesce(m.activity_request_id, m.workflow_request_id), m.workflow_request_id,
      pg_catalog.jsonb_build_object('endpoint_id', m.webhook -> 'endpoint', 'event_type', m.event_type))::etl_api.etl_log
    from unnest(org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types)
      as m (org_id, workflow_request_id, activity_request_id, webhook, event_type)
    left join public.webhook_endpoint as e
      on e.id = utils.uuid_or_null(m.webhook -> 'endpoint')
      and e.org_id = m.org_id
    where m.webhook ? 'endpoint'
      and e.id is null));
end
$$;

comment on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) is
  'Tells the log of messages that queue_messages did not make because their endpoint is gone.';

revoke execute on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) from public;
grant execute on function etl_api.logger_unsent(uuid[], uuid[], uuid[], jsonb[], text[]) to service_role;

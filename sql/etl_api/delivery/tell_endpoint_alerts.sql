create or replace function etl_api.tell_endpoint_alerts(alert_ids uuid[], event text) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, case event when 'alert.raised' then 'warn' else 'info' end, 'alerts',
      case event when 'alert.raised' then a.message else 'The webhook endpoint is in use again.' end,
      a.org_id, null, null, null,
      pg_catalog.jsonb_build_object('alert_id', a.id, 'endpoint_id', a.endpoint_id))::etl_api.etl_log
    from etl_api.alert as a
    where a.id = any (alert_ids)
    order by a.id));

  -- To the tenant's other endpoints: the one that this is about takes nothing.
  perform etl_api.queue_messages(
    pg_catalog.array_agg(a.org_id order by a.id, e.id),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object('endpoint', e.id) order by a.id, e.id),
    pg_catalog.array_agg(event),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'alert_id', a.id,
      'org_id', a.org_id,
      'kind', a.kind,
      'endpoint_id', a.endpoint_id,
      'message', case event when 'alert.raised' then a.message else 'The webhook endpoint is in use again.' end,
      'value', a.value,
      'threshold', a.threshold,
      'raised_at', a.raised_at,
      'resolved_at', a.resolved_at) order by a.id, e.id),
    pg_catalog.array_agg(a.id order by a.id, e.id))
  from etl_api.alert as a
  join public.webhook_endpoint as e
    on e.org_id = a.org_id
    and e.id <> a.endpoint_id
    and e.disabled_at is null
  where a.id = any (alert_ids);
end
$$;

comment on function etl_api.tell_endpoint_alerts(uuid[], text) is
  'Tells the log, and the endpoints of the tenant that are in use and want alert.raised or alert.resolved, of alerts of an endpoint.';

revoke execute on function etl_api.tell_endpoint_alerts(uuid[], text) from public;
grant execute on function etl_api.tell_endpoint_alerts(uuid[], text) to service_role;

create or replace function etl_api.tell_alerts(alert_ids uuid[], events text[], "values" numeric[], messages text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, case n.event when 'alert.raised' then 'warn' else 'info' end, 'alerts',
      pg_catalog.format('%s %s: %s', case n.event when 'alert.raised' then 'Raised' else 'Resolved' end, r.name, n.message),
      a.org_id, null, null, null,
      pg_catalog.jsonb_build_object('alert_id', a.id, 'rule_id', a.rule_id, 'source_id', a.source_id, 'value', n.value,
        'threshold', a.threshold))::etl_api.etl_log
    from unnest(alert_ids, events, "values", messages) as n (id, event, value, message)
    join etl_api.alert as a on a.id = n.id
    join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
    order by a.id));

  perform etl_api.queue_messages(
    pg_catalog.array_agg(a.org_id order by a.id),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(null::uuid),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object('endpoint', r.endpoint_id) order by a.id),
    pg_catalog.array_agg(n.event order by a.id),
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'alert_id', a.id,
      'org_id', a.org_id,
      'rule_id', r.id,
      'rule', r.name,
      'kind', a.kind,
      'source_id', a.source_id,
      'source', s.name,
      'message', n.message,
      'value', n.value,
      'threshold', a.threshold,
      'raised_at', a.raised_at,
      'resolved_at', a.resolved_at) order by a.id),
    pg_catalog.array_agg(a.id order by a.id))
  from unnest(alert_ids, events, "values", messages) as n (id, event, value, message)
  join etl_api.alert as a on a.id = n.id
  join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
  left join public.source as s on s.id = a.source_id
  where r.endpoint_id is not null;
end
$$;

comment on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) is
  'Tells the log and the endpoints of their rules of alerts that were raised or resolved, with the figure and a sentence for each.';

revoke execute on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) from public;
grant execute on function etl_api.tell_alerts(uuid[], text[], numeric[], text[]) to service_role;

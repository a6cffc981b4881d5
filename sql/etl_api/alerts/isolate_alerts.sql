create or replace function etl_api.isolate_alerts(rule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  failed_state text;
  failed_message text;
begin
  begin
    return etl_api.settle_alerts(rule_ids);
  exception
    -- These say that the sweep should come again, not that a rule is bad.
    when deadlock_detected or serialization_failure or query_canceled or lock_not_available then
      raise;
    when others then
      get stacked diagnostics failed_state = returned_sqlstate, failed_message = message_text;
  end;

  -- Whatever is wrong with one rule, the others are looked at and the sweep goes on.
  if pg_catalog.cardinality(rule_ids) > 1 then
    return (select pg_catalog.sum(etl_api.isolate_alerts(array[one.id])) from pg_catalog.unnest(rule_ids) as one (id));
  end if;
  perform etl_api.logger('error', 'alerts', 'An alert rule could not be looked at: ' || failed_message,
    pg_catalog.jsonb_build_object('sqlstate', failed_state, 'rule_id', rule_ids[1]),
    (select r.org_id from etl_api.alert_rule as r where r.id = rule_ids[1]));
  return 0;
end
$$;

comment on function etl_api.isolate_alerts(uuid[]) is
  'Raises and resolves the alerts of rules (settle_alerts); a rule that raises an exception costs only itself and is logged.';

revoke execute on function etl_api.isolate_alerts(uuid[]) from public;
grant execute on function etl_api.isolate_alerts(uuid[]) to service_role;

create or replace function etl_api.sweep(entity etl_api.entity_kind, ids uuid[])
returns table (what text, count bigint)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  leases record;
  failed_state text;
  failed_message text;
begin
  if ids = '{}' then
    return;
  end if;

  begin
    case sweep.entity
      when 'workflow_request' then
        return query select 'workflow_timeout', etl_api.time_out_workflows(ids)::bigint;
      when 'activity_request' then
        return query select 'activity_timeout', etl_api.time_out_activities(ids)::bigint;
      when 'run_queue' then
        return query select 'run_timeout', etl_api.time_out_runs(ids)::bigint;
      when 'run_request' then
        leases := etl_api.recover_run_requests(ids);
        return query values ('run_request_again', leases.again::bigint), ('run_request_given_up', leases.given_up::bigint);
      when 'delivery' then
        leases := etl_api.recover_deliveries(ids);
        return query values ('delivery_again', leases.again::bigint), ('delivery_given_up', leases.given_up::bigint);
    end case;
    return;
  exception
    -- These say that the sweep should come again, not that a row is bad.
    when deadlock_detected or serialization_failure or query_canceled or lock_not_available then
      raise;
    when others then
      get stacked diagnostics failed_state = returned_sqlstate, failed_message = message_text;
  end;

  -- One row that cannot be ended must not keep the others: each by itself, and the bad one into the log.
  if pg_catalog.cardinality(ids) > 1 then
    return query
    select s.what, pg_catalog.sum(s.count)::bigint
    from pg_catalog.unnest(ids) as one (id)
    cross join lateral etl_api.sweep(sweep.entity, array[one.id]) as s
    group by s.what;
    return;
  end if;
  -- It comes again with every sweep; once an hour is enough to be found.
  if not exists (
    select 1
    from etl_api.etl_log as l
    where l.entity_id = ids[1]
      and l.station = 'state'
      and l.level = 'error'
      and l.at > utils.now() - interval '1 hour')
  then
    perform etl_api.logger('error', 'state', 'The sweep could not end this row.',
      pg_catalog.jsonb_build_object('sqlstate', failed_state, 'message', failed_message), null, sweep.entity, ids[1]);
  end if;
  return query values ('failed', 1::bigint);
end
$$;

comment on function etl_api.sweep(etl_api.entity_kind, uuid[]) is
  'One part of recover(): times out or takes back these rows of a table. A row that raises costs only itself: it is left as it is, logged and counted as failed. The caller holds the workflow locks.';

revoke execute on function etl_api.sweep(etl_api.entity_kind, uuid[]) from public;
grant execute on function etl_api.sweep(etl_api.entity_kind, uuid[]) to service_role;

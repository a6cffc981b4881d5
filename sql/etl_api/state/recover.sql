create or replace function etl_api.recover(max_rows int default 1000) returns table (what text, count bigint)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  requests uuid[];
  deliveries uuid[];
  runs uuid[];
  activities uuid[];
  workflows uuid[];
  wanted uuid[];
  free uuid[];
  done jsonb := '{}'::jsonb;
begin
  if coalesce(max_rows, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be 1 or more', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 1000.';
  end if;
  requests := array(
    select r.id from public.source as s
    cross join lateral (
      select r.id, r.lease_until from public.run_request as r
      where r.source_id = s.id and r.state = 'in_progress' and r.lease_until <= moment order by r.lease_until limit max_rows
    ) as r
    order by r.lease_until limit max_rows);
  deliveries := array(
    select d.id from public.delivery as d
    where d.state = 'in_progress' and d.lease_until <= moment order by d.lease_until limit max_rows);
  runs := array(
    select q.id from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at <= moment order by q.timeout_at limit max_rows);
  activities := array(
    select a.id from public.activity_request as a
    where a.is_open and a.timeout_at <= moment order by a.timeout_at limit max_rows);
  workflows := array(
    select w.id from public.workflow_request as w
    where w.is_open and w.state not in ('new', 'valid') and w.timeout_at <= moment and w.replay = 0
    order by w.timeout_at limit max_rows);

  -- All locks at once and in order; from here each function looks again at what is still due.
  if requests || deliveries || runs || activities || workflows <> '{}' then
    wanted := array(
      select i.id from pg_catalog.unnest(workflows) as i (id)
      union
      select r.workflow_request_id from public.run_request as r where r.id = any (requests)
      union
      select d.workflow_request_id from public.delivery as d where d.id = any (deliveries) and d.workflow_request_id is not null
      union
      select q.workflow_request_id from public.run_queue as q where q.id = any (runs)
      union
      select a.workflow_request_id from public.activity_request as a where a.id = any (activities));
    free := etl_api.lock_free_workflows(wanted);
    if pg_catalog.cardinality(free) < pg_catalog.cardinality(wanted) then
      -- What hangs on a request that somebody keeps locked comes with a later sweep, and holds up nothing else.
      requests := array(
        select r.id from public.run_request as r where r.id = any (requests) and r.workflow_request_id = any (free));
      deliveries := array(
        select d.id from public.delivery as d
        where d.id = any (deliveries) and (d.workflow_request_id is null or d.workflow_request_id = any (free)));
      runs := array(select q.id from public.run_queue as q where q.id = any (runs) and q.workflow_request_id = any (free));
      activities := array(
        select a.id from public.activity_request as a where a.id = any (activities) and a.workflow_request_id = any (free));
      workflows := array(select i.id from pg_catalog.unnest(workflows) as i (id) where i.id = any (free));
    end if;
  end if;

  -- From the whole to its parts: what ends above needs nothing below.
  select coalesce(pg_catalog.jsonb_object_agg(swept.what, swept.count), '{}') into done
  from (
    select part.what, pg_catalog.sum(part.count) as count
    from (
      values
        (1, 'workflow_request'::etl_api.entity_kind, workflows),
        (2, 'activity_request', activities),
        (3, 'run_queue', runs),
        (4, 'run_request', requests),
        (5, 'delivery', deliveries)
    ) as todo (place, entity, ids)
    cross join lateral etl_api.sweep(todo.entity, todo.ids) as part
    group by part.what
  ) as swept;

  done := done || pg_catalog.jsonb_build_object(
    'schedule', etl_api.run_schedules(max_rows),
    'workflow_start', etl_api.start_due_workflow_requests(max_rows),
    'generation_given_up', etl_api.end_silent_generations(max_rows));

  -- Making a partition locks out who writes history, and they may hold the workflows: never do both. What is made
  -- is months ahead, so a sweep with nothing else to do comes in time.
  if requests || deliveries || runs || activities || workflows = '{}'
    and done @> '{"schedule": 0, "workflow_start": 0}'
    and pg_catalog.to_regclass('etl_api.state_step_'
      || pg_catalog.to_char((moment + interval '2 months') at time zone 'UTC', 'YYYYMM')) is null
  then
    done := done || pg_catalog.jsonb_build_object('partition', etl_api.ensure_partitions());
  elsif requests || deliveries || runs || activities || workflows = '{}' then
    perform etl_api.measure_due_data_quality();
    done := done || pg_catalog.jsonb_build_object('purged', etl_api.purge_expired(max_rows));
  end if;
  perform etl_api.forget_secrets(max_rows);
  perform etl_api.kv_remove_expired(max_rows);
  perform etl_api.release_held(max_rows);
  perform etl_api.settle_org_counts(max_rows);
  perform etl_api.fold_client_counts(max_rows);
  perform etl_api.roll_up();
  done := done || pg_catalog.jsonb_build_object('alert', etl_api.check_alerts());
  done := done || pg_catalog.jsonb_build_object('bell', etl_api.ring_for_due_work());

  return query
  select d.key, d.value::bigint
  from pg_catalog.jsonb_each(done) as d
  where d.value <> '0'
  order by d.key;
end
$$;

comment on function etl_api.recover(int) is
  'The sweep: times out what is over its time (workflow_timeout, activity_timeout, run_timeout), takes back expired leases (…_again, …_given_up when no attempt was left), leaves and logs what cannot be ended (failed), makes the requests of schedules (schedule) and starts those whose not_before has come (workflow_start), ends generations of which nothing is heard any more (generation_given_up), makes partitions when there is nothing else to do, adds to the counters of orgs and of clients'' tables what was not added at once, lets go messages that waited for a disabled endpoint, rolls up the summaries that the views read, measures data quality where it is due, purges what is older than the setting retention_days when there is nothing else to do (purged), throws away replaced secrets whose time is over and keys that have expired, and rings for due work (bell). At most max_rows of each. Returns what it did for requests, no row when nothing. Call it every few seconds to a minute, from as many places as you like.';

revoke execute on function etl_api.recover(int) from public;
grant execute on function etl_api.recover(int) to service_role;

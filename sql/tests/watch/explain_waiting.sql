-- A request on its way: each sentence says what it waits for at that moment.
select plan(17);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create function pg_temp.said(id uuid) returns text[] language sql as $$
  select array(select regexp_replace(e, '[0-9a-f]{8}-[0-9a-f-]{27}', '…', 'g') from etl_api.explain(id) with ordinality as e (e, n) order by n)
$$;
create temp table row as
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"phase": 2, "datapoints": ["industry"]}}'::jsonb)))) as id;

select is(pg_temp.said(id), array[
  'The request is in_progress since 2026-05-01 10:00:00 UTC: its activities are at work.',
  'Waits for phase 1: activity ''enrich'' (in_progress, 0 of 1 run ended).',
  'Activity ''enrich'' is in_progress since 2026-05-01 10:00:00 UTC: its runs are at work.',
  '1 run waits for source AlgOps API Client: due now, to be claimed by execute-runs.',
  'It is timed out in 1 d (2026-05-02 10:00:00 UTC) unless it ends before.',
  'Activity ''later'' is waiting (phase) since 2026-05-01 10:00:00 UTC: its phase has not come.',
  'Waits for activity ''enrich'' (in_progress, 0 of 1 run ended).',
  'It is timed out in 7 d (2026-05-08 10:00:00 UTC) unless it ends before.'], 'a request that has just begun') from row;
set etl.fake_now = '2026-05-01 10:20:00Z';
select is((pg_temp.said(id))[4], '1 run waits for source AlgOps API Client: due for 20 min, to be claimed by execute-runs; '
  'that is long: see whether execute-runs runs and its bell arrives (docs/operating.md).', 'nobody claims its run') from row;
set etl.fake_now = '2026-05-01 10:00:00Z';

create temp table sent as select * from test_setup.claim();
select is(pg_temp.said(run_request_id), array[
  'The HTTP request (run) to source AlgOps API Client is in_progress since 2026-05-01 10:00:00 UTC: a worker has it and waits for the answer.',
  'Waits for the answer to 1 HTTP request in flight to source AlgOps API Client (worker test); without one, it is sent again in 1 min 30 s.'],
  'an HTTP request in flight') from sent;
select is(pg_temp.said(id), array[
  'The run of {"domain": "a.test"} at source AlgOps API Client is in_progress since 2026-05-01 10:00:00 UTC: its HTTP request is under way.',
  'Waits for the answer to 1 HTTP request in flight to source AlgOps API Client (worker test); without one, it is sent again in 1 min 30 s.',
  'It is timed out in 1 h (2026-05-01 11:00:00 UTC) unless it ends before.'], 'its run') from run_queue;

select test_setup.answer(run_request_id, '{}', 429, '{"retry-after": "34"}') from sent;
select is(pg_temp.said(run_request_id), array[
  'The HTTP request (run) to source AlgOps API Client is waiting (backoff) since 2026-05-01 10:00:00 UTC: its last attempt failed, and the next one is not due.',
  'Waits 34 s for its retry: AlgOps API Client answered with HTTP status 429 (attempt 1 of 5 failed).',
  'etl_api.cancel(''…'') gives it up.'], 'a back-off') from sent;
select is((pg_temp.said(id))[4], 'Waits 34 s for its retry: AlgOps API Client answered with HTTP status 429 (attempt 1 of 5 failed).', 'told of the request too') from row;

-- What keeps a source from being asked.
set etl.fake_now = '2026-05-01 10:00:40Z';
select is((pg_temp.said(id))[2], '1 HTTP request to source AlgOps API Client is to be sent: due for 6 s, to be claimed by execute-runs.', 'the back-off is over')
from run_queue;
update source set enabled = false where name = 'AlgOps API Client';
select is((pg_temp.said(id))[2], '1 HTTP request to source AlgOps API Client is to be sent. '
  'Source AlgOps API Client is disabled: nothing is sent to it until source.enabled is true.', 'a disabled source') from run_queue;
update source set enabled = true, rate_limit = '{"minute": 1}', max_concurrency = 1 where name = 'AlgOps API Client';
select test_setup.enrich('{b.test,c.test}', '{"datapoints": ["industry"]}');
create temp table again as select * from test_setup.claim();
select is((select count(*) from again), 1::bigint, 'one request goes out');
select is((select array_agg(distinct (pg_temp.said(id))[2]) from run_queue where state = 'waiting'), array['Waits for source AlgOps API Client. '
  'Source AlgOps API Client has 1 HTTP request in flight, which is all that max_concurrency allows: the next goes out when one of them ends.'], 'max_concurrency');
select test_setup.answer(run_request_id, '{"company": {"sector": "toys"}}') from again;
select is((select array_agg(distinct (pg_temp.said(id))[2]) from run_queue where state = 'waiting'), array['Waits for source AlgOps API Client. '
  'Source AlgOps API Client was sent the 1 HTTP request that rate_limit allows in a minute: the next goes out in 20 s.'], 'rate_limit');

-- The budget.
update source set rate_limit = null, max_concurrency = null, cost_per_run = 2 where name = 'AlgOps API Client';
update org set settings = '{"monthly_budget": 1}' where id = test_setup.id('org acme');
select is((select count(*) from test_setup.claim()), 0::bigint, 'nothing more may be spent');
select is((select array_agg(distinct (pg_temp.said(id))[2]) from run_queue where state = 'waiting'), array['Waits for source AlgOps API Client: '
  'the monthly budget of the org is 1, of which 0 is spent; it goes on when that is raised (org.settings.monthly_budget) or when the next month begins, in 30 d 13 h.'],
  'the monthly budget');
update org set settings = '{}' where id = test_setup.id('org acme');
delete from workflow_request where id not in (select id from row);

-- Asynchronous sources.
update source set status_request_template = '{"method": "GET", "url": "https://x.test"}', poll_policy = '{"first_seconds": 5}' where name = 'AlgOps API Client';
select test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}');
set etl.fake_now = '2026-05-01 10:02:00Z';
select test_setup.exchange('{"id": "job 1"}');
select is((select (pg_temp.said(id))[2] from run_request where kind = 'status' limit 1),
  'Waits for source AlgOps API Client, which is at work on 1 HTTP request; it was asked 0 times and the next question is due in 5 s.', 'polling');

-- Dependencies, and time.
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('second'), test_setup.id('org acme'), 'Second', 'enrichment', test_setup.id('company'), '{industry}');
create temp table linked as select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "z.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'first', jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
      'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('second')))),
    'second', jsonb_build_object('id', test_setup.id('second'))))) as id;
select is(pg_temp.said(id), array[
  'Activity ''second'' is waiting (dependency) since 2026-05-01 10:02:00 UTC: it takes the objects of activities that have not ended.',
  'Waits for activity ''first'' (in_progress, 0 of 1 run ended).'], 'a dependency')
from activity_request where activity_key = 'second';
insert into workflow_request (org_id, data, not_before, deadline_at)
select test_setup.id('org acme'), data, '2026-05-01 12:00:00Z', '2026-05-01 13:00:00Z' from workflow_request where id = (select id from linked);
select is(pg_temp.said(id), array[
  'The request is waiting (not_before) since 2026-05-01 10:02:00 UTC: it begins at the time it was given (not_before).',
  'Waits for its time: it begins in 1 h 58 min (2026-05-01 12:00:00 UTC).',
  'It is timed out in 2 h 58 min (its deadline, 2026-05-01 13:00:00 UTC) unless it ends before.',
  'etl_api.cancel(''…'') ends it before.'], 'a request with a time to begin')
from workflow_request where not_before is not null;
set etl.fake_now = '2026-05-01 13:00:05Z';
select is((pg_temp.said(id))[2:3], array[
  'Its time has come: the next etl_api.recover() starts it.',
  'It has been over its time for 5 s: the next etl_api.recover() ends it.'], 'when nobody recovers, that is said')
from workflow_request where not_before is not null;

select * from finish();

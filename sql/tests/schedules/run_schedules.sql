-- A schedule makes one request at each of its times.
select plan(20);
set timezone = 'UTC';
set etl.fake_now = '2026-05-01 10:00:10Z';

select test_setup.setup_enrichment_test_data();
create temp table data as select jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies')))) as data;
insert into workflow_schedule (id, org_id, name, cron, time_zone, data, priority)
select test_setup.id('hourly'), test_setup.id('org acme'), 'hourly', '@hourly', 'Europe/Berlin', data, 5 from data;

select is((select row(next_at, last_at, last_request_id)::text from workflow_schedule), '("2026-05-01 11:00:00+00",,)', 'from now on');
select is(etl_api.run_schedules(), 0, 'nothing is due');
set etl.fake_now = '2026-05-01 11:00:02Z';
select results_eq($$select * from etl_api.recover() where what = 'schedule'$$, $$values ('schedule', 1::bigint)$$, 'the clock makes a request');
select is(
  (select jsonb_build_object('org', org_id, 'data', data, 'key', idempotency_key, 'priority', priority, 'schedule', schedule_id,
     'state', state) from workflow_request),
  (select jsonb_build_object('org', test_setup.id('org acme'), 'data', data, 'priority', 5, 'schedule', test_setup.id('hourly'),
     'key', 'schedule:' || test_setup.id('hourly') || ':2026-05-01T11:00:00Z', 'state', 'in_progress') from data),
  'with its data and priority, under a key of its time');
select is((select row(next_at, last_at, last_request_id = (select id from workflow_request))::text from workflow_schedule),
  '("2026-05-01 12:00:00+00","2026-05-01 11:00:00+00",t)', 'and names it');
select is(etl_api.run_schedules(), 0, 'once');

-- Somebody sets it back: the time has had its request.
update workflow_schedule set next_at = '2026-05-01 11:00:00Z';
select is(etl_api.run_schedules(), 1, 'the same time again');
select is((select count(*) from workflow_request), 1::bigint, 'is the same request');

set etl.fake_now = '2026-05-04 07:30:00Z';
select is(etl_api.run_schedules(), 1, 'nobody looked for days');
select is((select array_agg(idempotency_key order by id) from workflow_request),
  array['schedule:' || test_setup.id('hourly') || ':2026-05-01T11:00:00Z', 'schedule:' || test_setup.id('hourly') || ':2026-05-04T07:00:00Z'],
  'the latest time is made up for');
select is((select next_at from workflow_schedule), '2026-05-04 08:00:00Z', 'and then it goes on');

-- What keeps one from making any.
update workflow_schedule set enabled = false;
select is((select next_at from workflow_schedule), null, 'disabled, it has no next time');
set etl.fake_now = '2026-05-04 09:30:00Z';
select is(etl_api.run_schedules(), 0, 'and makes no request');
update workflow_schedule set enabled = true;
select is((select next_at from workflow_schedule), '2026-05-04 10:00:00Z', 'enabled again, it begins from then');
set etl.fake_now = '2026-05-04 10:30:00Z';
update org set deleted_at = '2026-05-04 10:15:00Z' where id = test_setup.id('org acme');
select is(etl_api.run_schedules(), 0, 'nor that of a deleted org');
update org set deleted_at = null where id = test_setup.id('org acme');

-- A request that is invalid is shown, and the schedule goes on; beside it others do.
update workflow_schedule set data = '{}';
select is((select next_at from workflow_schedule), '2026-05-04 10:00:00Z', 'other data is no other time');
insert into workflow_schedule (org_id, name, cron, data)
select test_setup.id('org acme'), 'good ' || n, '*/10 * * * *', data from data, generate_series(1, 3) as n;
set etl.fake_now = '2026-05-04 11:01:00Z';
select is(etl_api.run_schedules(), 4, 'all that are due');
select is(
  (select array_agg(s.name || ' ' || w.state || ' ' || s.last_at order by s.name)
   from workflow_schedule as s join workflow_request as w on w.id = s.last_request_id),
  array['good 1 in_progress 2026-05-04 11:00:00+00', 'good 2 in_progress 2026-05-04 11:00:00+00',
    'good 3 in_progress 2026-05-04 11:00:00+00', 'hourly invalid 2026-05-04 11:00:00+00'], 'each with its own');
set etl.fake_now = '2026-05-04 12:01:00Z';
select is(etl_api.run_schedules(2), 2, 'at most so many at a time');
delete from workflow_schedule where name = 'hourly';
select is((select count(*) from workflow_request where idempotency_key like '%' || test_setup.id('hourly') || '%' and schedule_id is null),
  3::bigint, 'the requests of one that is deleted stay');

select * from finish();

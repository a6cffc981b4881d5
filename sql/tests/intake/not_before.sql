-- A request that is to wait is validated at once and started by the clock.
select plan(21);
set etl.fake_now = '2026-05-01 10:00:00Z';

create temp table made as
select test_setup.graph('{"a": {"to": ["b"]}, "b": {"phase": 2}}', '{"not_before": "2026-05-01 12:00:00Z", "priority": 7}') as id;
select is(test_setup.history(id), '{new,valid,waiting:not_before}', 'it waits') from made;
select is((select array[phase_count, workflow_phase] from workflow_request), array[2, null], 'its phases are counted, none has begun');
select is((select row(started_at, timeout_at, finished_at)::text from workflow_request), '(,,)', 'no time of it runs');
select is((select count(*) from activity_request), 0::bigint, 'nothing of it is made');
select is_empty('select * from etl_api.check_state_sync()', 'nothing is wrong with that');
select is((select percent from etl_api.workflow_progress), 0.0, 'its progress is told');
select is_empty('select * from etl_api.workflow_faults(array(select id from made))', 'nor is there a fault');

set etl.fake_now = '2026-05-01 11:59:59Z';
select etl_api.recover();
select is(test_setup.state(id), 'waiting:not_before', 'too early') from made;
select is(etl_api.start_due_workflow_requests(10), 0, 'nothing is due');

set etl.fake_now = '2026-05-01 12:00:00Z';
select results_eq($$select * from etl_api.recover() where what = 'workflow_start'$$, $$values ('workflow_start', 1::bigint)$$,
  'the clock starts it');
select is(test_setup.history(id), '{new,valid,waiting:not_before,ready,in_progress}', 'step by step') from made;
select is(test_setup.nodes(), 'a=in_progress b=waiting:phase', 'its activities are made and begin');
select is((select array[started_at, timeout_at] from workflow_request), '{2026-05-01 12:00:00Z,2026-05-08 12:00:00Z}'::timestamptz[],
  'its time runs from here');
select is(etl_api.start_due_workflow_requests(10), 0, 'once');

-- Bad data does not wait.
insert into workflow_request (org_id, data, not_before) values (test_setup.id('org acme'), '{}', '2026-06-01');
select is((select state || ':' || state_substate from workflow_request where data = '{}'), 'invalid:missing_value', 'bad data is invalid at once');
-- A time that has come does not either.
select is(test_setup.state(test_setup.graph('{"a": {}}', '{"not_before": "2026-05-01 12:00:00Z"}')), 'in_progress', 'now is not later');
select is(test_setup.state(test_setup.graph('{"a": {}}', '{"not_before": "-infinity"}')), 'in_progress', 'nor is ever since');
select is(test_setup.state(test_setup.graph('{"a": {}}', '{"not_before": "infinity"}')), 'waiting:not_before', 'never is');

-- What it names may be gone when it starts.
create temp table later as select test_setup.graph('{"gone": {}}', '{"not_before": "2026-05-01 13:00:00Z"}') as id;
delete from activity where name = 'gone';
set etl.fake_now = '2026-05-01 13:00:00Z';
select etl_api.recover();
select is(test_setup.history(id), '{new,valid,waiting:not_before,invalid:unknown_activity}', 'then it is invalid') from later;
-- In one statement with others that begin at once.
insert into workflow_request (org_id, data, not_before)
select test_setup.id('org acme'), w.data, case when n % 2 = 0 then '2026-05-01 14:00:00Z'::timestamptz end
from generate_series(1, 10) as n
cross join (select data from workflow_request where id = (select id from made)) as w;
select is((select array_agg(s.line order by s.line) from (select state || ' ' || count(*) as line from workflow_request
    where created_at = (select max(created_at) from workflow_request) and data = (select data from workflow_request where id = (select id from made))
      and id <> (select id from made) group by state) as s),
  '{"in_progress 5","waiting 5"}', 'beside others that begin at once');
set etl.fake_now = '2026-05-01 14:00:00Z';
select is(etl_api.start_due_workflow_requests(3), 3, 'at most so many at a time');

select * from finish();

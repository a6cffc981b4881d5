-- deadline_at: over by the earlier of it and the time-out, while it waits as well; and the errors of one that is past.
select plan(20);
set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';

create temp table made as select test_setup.graph('{"a": {}, "b": {"phase": 2}}', '{"deadline_at": "2026-05-01 11:00:00Z"}') as id;
select is((select timeout_at from workflow_request), '2026-05-01 11:00:00Z', 'the earlier of both');
set etl.fake_now = '2026-05-01 11:00:00Z';
select etl_api.recover();
select is(test_setup.state(id), 'timedout:deadline', 'it is over') from made;
select is(test_setup.nodes(), 'a=timedout:deadline b=timedout:deadline', 'with all of it');
select is((select reason from etl_api.state_history where entity_id = (select id from made) and to_state = 'timedout'),
  'The request had not ended by its deadline (deadline_at).', 'the history says why');
select is((select body #>> '{data,substate}' from delivery_body), 'deadline', 'and so does the message');
select is(test_setup.outcome(format('select etl_api.retry(%L)', id)),
  'ETL05 workflow_request ' || id || ' is timedout: it cannot be taken up again | Its deadline was 2026-05-01T11:00:00Z. Insert a new request.',
  'it is not taken up again after that') from made;
select is(left(test_setup.outcome(format('select etl_api.retry(%L)', test_setup.activity('a'))), 5), 'ETL05', 'nor is a part of it');
delete from workflow_request;

create temp table slow as select test_setup.graph('{"a": {}}', '{"deadline_at": "2026-06-01"}') as id;
select is((select timeout_at from workflow_request), '2026-05-08 11:00:00Z', 'the time-out may be the earlier');
set etl.fake_now = '2026-05-08 11:00:00Z';
select etl_api.recover();
select is(test_setup.state(id), 'timedout:workflow_timeout', 'then that is why') from slow;
select etl_api.retry(id) from slow;
select is((select array[state::text, timeout_at::text] from workflow_request), array['in_progress', '2026-05-15 11:00:00+00'],
  'and it can be taken up again');
set etl.fake_now = '2026-05-15 11:00:00Z';
select etl_api.recover();
set etl.fake_now = '2026-05-30 11:00:00Z';
select etl_api.retry(id) from slow;
select is((select timeout_at from workflow_request), '2026-06-01'::timestamptz, 'until its deadline');
delete from workflow_request;

-- While it waits.
create temp table held as
select test_setup.graph('{"a": {}}', '{"not_before": "2026-06-02", "deadline_at": "2026-06-03"}') as id;
select is((select timeout_at from workflow_request), '2026-06-03'::timestamptz, 'only the deadline runs while it waits');
set etl.fake_now = '2026-06-04';
select etl_api.recover();
select is(test_setup.history(id), '{new,valid,waiting:not_before,timedout:deadline}', 'a clock that comes too late does not start it') from held;
select is((select body #> '{data,activities}' from delivery_body), '[]', 'the message lists no activities');

-- What cannot be.
create temp table bad as
select n, test_setup.graph('{"a": {}}', c::jsonb) as id
from (values
  (1, '{"deadline_at": "2026-06-04"}'),
  (2, '{"deadline_at": "2026-06-05", "not_before": "2026-06-06"}'),
  (3, '{"priority": 101}'),
  (4, '{"priority": -101, "deadline_at": "2026-06-04"}')) as v (n, c);
select is((select w.errors from bad join workflow_request as w using (id) where n = 1), '[{
  "code": "deadline_past", "path": "deadline_at", "found": "2026-06-04T00:00:00Z",
  "message": "The request is to end by 2026-06-04T00:00:00Z, which is over.",
  "hint": "Insert it with a later deadline_at, or with none."}]'::jsonb, 'over when it comes');
select is((select w.errors #>> '{0,message}' from bad join workflow_request as w using (id) where n = 2),
  'The request is to end by 2026-06-05T00:00:00Z, but may not start before 2026-06-06T00:00:00Z.', 'or before it may start');
select is((select w.errors from bad join workflow_request as w using (id) where n = 3), '[{
  "code": "invalid_type", "path": "priority", "found": 101,
  "message": "priority is a whole number from -100 to 100, but this is the number 101.",
  "hint": "Insert it with another priority, or with none, which is 0."}]'::jsonb, 'a priority has its bounds');
select is((select array_agg(state || ':' || state_substate || ' ' || jsonb_array_length(errors) order by n) from bad join workflow_request using (id)),
  '{"invalid:deadline_past 1","invalid:deadline_past 1","invalid:invalid_type 1","invalid:invalid_type 2"}', 'both at once');
select is(test_setup.outcome(format('select etl_api.retry(%L)', id)), 'ok', 'validated again') from bad where n = 1;
select is(test_setup.state(id), 'invalid:deadline_past', 'it is as late as before') from bad where n = 1;

select * from finish();

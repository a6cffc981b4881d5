-- What has ended stays as it is, whichever of the five it is.
select plan(26);

select test_setup.only_guard();
select is(
  regexp_replace(test_setup.outcome(format('select etl_api.cancel(%L)', test_setup.make(e.name, s.state))), ' [0-9a-f-]{36}.*$', ''),
  'ETL05 ' || e.name, format('a %s that is %s', e.name, s.state))
from test_setup.entities() as e (name)
cross join unnest('{invalid,timedout,failed,done,delivered}'::text[]) as s (state);
select is(
  test_setup.outcome(format('select etl_api.cancel(%L)', test_setup.id('nothing'))),
  format('ETL04 no such request: %s | Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row.', test_setup.id('nothing')),
  'an id that is none');

select * from finish();

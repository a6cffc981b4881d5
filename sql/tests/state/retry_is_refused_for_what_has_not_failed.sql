select plan(31);

select test_setup.only_guard();
select is(
  regexp_replace(test_setup.outcome(format('select etl_api.retry(%L)', test_setup.make(e.name, s.state))), ' [0-9a-f-]{36}.*$', ''),
  'ETL05 ' || e.name, format('a %s that is %s', e.name, s.state))
from test_setup.entities() as e (name)
cross join unnest('{valid,waiting,ready,in_progress,done,delivered}'::text[]) as s (state);
select is(
  left(test_setup.outcome('select etl_api.retry(null)'), 5), 'ETL04', 'no id');

select * from finish();

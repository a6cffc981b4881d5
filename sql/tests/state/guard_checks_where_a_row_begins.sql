select plan(25);

select test_setup.only_guard();

select is(test_setup.outcome(format('select test_setup.make(%L, ''new'', ''{}'')', e.name)), 'ok',
  format('a %s begins as new', e.name))
from test_setup.entities() as e (name);
select is(
  array(
    select s.state
    from unnest('{valid,invalid,waiting,ready,in_progress,timedout,failed,done,delivered}'::text[]) as s (state)
    where test_setup.outcome(format('select test_setup.make(%L, %L, ''{}'')', e.name, s.state)) = 'ok'),
  '{}', format('a %s begins as nothing else', e.name))
from test_setup.entities() as e (name);
select is(
  left(test_setup.outcome(format('select test_setup.make(%L, ''ready'', ''{valid}'')', e.name)), 5),
  'ETL01', format('the via of a new %s begins with new', e.name))
from test_setup.entities() as e (name);
select is(
  left(test_setup.outcome(format('select test_setup.make(%L, ''done'', ''{new,valid}'')', e.name)), 5),
  'ETL01', format('the via of a new %s is checked', e.name))
from test_setup.entities() as e (name);
select is(
  test_setup.outcome(format('select test_setup.make(%L, ''in_progress'', ''{new,valid,ready}'')', e.name)),
  'ok', format('a %s may come several steps in one insert', e.name))
from test_setup.entities() as e (name);

select * from finish();

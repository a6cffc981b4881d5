select plan(5);

select test_setup.only_guard();

select is(
  array(
    select s.state
    from unnest('{new,valid,invalid,waiting,ready,in_progress,timedout,done,delivered}'::text[]) as s (state)
    where test_setup.move(e.name, test_setup.make(e.name, s.state), 'failed', null, 'cancelled') = 'ok'),
  '{new,valid,waiting,ready,in_progress}',
  format('a %s is cancelled from any open state and from no other', e.name))
from test_setup.entities() as e (name);

select * from finish();

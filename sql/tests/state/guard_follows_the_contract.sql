-- The contract's table of transitions, row by row, for every table with a state.
select plan(50);

select test_setup.only_guard();

with contract (from_state, to_states) as (
  values
    ('new', '{invalid,valid}'::text[]),
    ('valid', '{ready,waiting}'),
    ('invalid', '{new,ready}'),
    ('waiting', '{invalid,ready,timedout}'),
    ('ready', '{in_progress}'),
    ('in_progress', '{done,failed,ready,timedout,waiting}'),
    ('timedout', '{new,ready}'),
    ('failed', '{new,ready}'),
    ('done', '{delivered}'),
    ('delivered', '{}')
)
select is(
  array(
    select c2.from_state
    from contract as c2
    where c2.from_state <> c.from_state
      and test_setup.move(e.name, test_setup.make(e.name, c.from_state), c2.from_state) = 'ok'
    order by c2.from_state),
  c.to_states,
  format('a %s that is %s', e.name, c.from_state))
from test_setup.entities() as e (name)
cross join contract as c;

select * from finish();

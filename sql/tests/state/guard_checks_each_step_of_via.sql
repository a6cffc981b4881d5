select plan(21);

select test_setup.only_guard();
create temporary table row as
select test_setup.make('run_queue') as fresh, test_setup.make('run_queue', 'waiting') as waiting,
  test_setup.make('run_queue', 'failed') as failed, test_setup.make('run_queue', 'in_progress') as running;

select is(test_setup.move('run_queue', fresh, 'in_progress', '{ready}'), 'ETL01', 'the first step is checked') from row;
select is(test_setup.move('run_queue', fresh, 'done', '{valid,ready}'), 'ETL01', 'the last step is checked') from row;
select is(test_setup.move('run_queue', fresh, 'in_progress', '{valid,done,ready}'), 'ETL01', 'a step in the middle is checked') from row;
select is(test_setup.move('run_queue', fresh, 'ready', '{valid,valid}'), 'ETL01', 'no step leads from a state to itself') from row;
select is(test_setup.move('run_queue', fresh, 'valid', array[null]::text[]), 'ETL01', 'null is no state') from row;
select is(test_setup.move('run_queue', fresh, 'in_progress', '{valid,ready}'), 'ok', 'legal steps pass') from row;
select is(test_setup.move('run_queue', waiting, 'waiting', '{ready,in_progress}'), 'ok', 'a way back to the same state is walked') from row;
select is(test_setup.move('run_queue', running, 'in_progress', '{done}'), 'ETL01', 'and refused where it is none') from row;

-- A via left from the write before.
select is(test_setup.outcome(format('update public.run_queue set state = ''in_progress'', state_via = ''{ready}'' where id = %L', failed)),
  'ok', 'a write with via') from row;
select is(test_setup.outcome(format('update public.run_queue set state = ''waiting'' where id = %L', failed)),
  'ok', 'a via that nobody touched does not count for a step of its own') from row;
select is(test_setup.outcome(format('update public.run_queue set state = ''in_progress'', state_via = ''{ready}'' where id = %L', failed)),
  'ok', 'but counts again where the step is none without it') from row;

-- An array may begin at another index than 1, or have rows; no such list hides a step.
select is(
  left(test_setup.outcome(format('update public.run_queue set state = ''done'', state_via = %L where id = %L', v.via, row.waiting)), 5),
  'ETL01', 'a list of steps written as ' || v.via)
from row, (values ('[0:1]={ready,in_progress}'), ('[5:6]={ready,in_progress}'), ('{{ready},{in_progress}}')) as v (via);


-- Rows of one statement that leave the same state for the same state, one by legal steps: it does not vouch for the other.
create temporary table pair as
select test_setup.make('run_queue', 'waiting') as legal, test_setup.make('run_queue', 'waiting') as other,
  test_setup.make('run_queue', 'ready') as cancelled, test_setup.make('run_queue', 'ready') as forgotten;
select is(
  left(test_setup.outcome(format(
    'update public.run_queue set state = ''in_progress'', state_via = case id when %L then ''{ready}'' else %L end::public.run_queue_state[] where id in (%1$L, %3$L)',
    pair.legal, v.via, pair.other)), 5),
  'ETL01', 'a legal neighbour does not hide ' || v.via)
from pair, unnest('{"{done}","{new}","{failed}","{invalid}","{valid}","{delivered}"}'::text[]) as v (via);
select is(
  left(test_setup.outcome(format(
    'update public.run_queue set state = ''failed'', state_substate = case id when %L then ''cancelled'' else ''other'' end where id in (%1$L, %2$L)',
    pair.cancelled, pair.forgotten)), 5),
  'ETL01', 'nor one that is cancelled one that is not')
from pair;

select * from finish();

select plan(5);

select test_setup.only_guard();
create temporary table row as
select test_setup.make('delivery') as fresh, test_setup.make('delivery', 'delivered') as ended;

select is(
  test_setup.outcome(format('update public.delivery set state = ''done'' where id = %L', fresh)),
  format('ETL01 delivery %s cannot go from "new" to "done" | From "new" the next state may be: invalid, valid, failed (state_substate cancelled).', fresh),
  'both states, the row, and what may follow')
from row;
select is(
  test_setup.outcome(format('update public.delivery set state = ''in_progress'', state_via = ''{valid}'' where id = %L', fresh)),
  format('ETL01 delivery %s cannot go from "valid" to "in_progress" | From "valid" the next state may be: ready, waiting, failed (state_substate cancelled).', fresh),
  'of several steps the wrong one')
from row;
select is(
  test_setup.outcome(format('update public.delivery set state = ''new'' where id = %L', ended)),
  format('ETL01 delivery %s cannot go from "delivered" to "new" | No state follows "delivered".', ended),
  'nothing follows the last state')
from row;
select is(
  regexp_replace(test_setup.outcome('select test_setup.make(''delivery'', ''done'', ''{}'')'), '[0-9a-f-]{36}', 'X'),
  'ETL01 delivery X cannot begin as "done" | A row begins as "new"; further steps stand in state_via, beginning with "new".',
  'a wrong beginning')
from row;
select is(
  left(test_setup.outcome('update public.delivery set state_via = ''{valid}'', state = ''ready'''), 5), 'ETL01',
  'one bad row refuses the statement')
from row;

select * from finish();

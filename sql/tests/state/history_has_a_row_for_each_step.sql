select plan(20);

select test_setup.only_guard();
create temporary table row as
select e.name, test_setup.make(e.name, 'waiting') as id
from test_setup.entities() as e (name);
select count(test_setup.move(name, id, 'waiting', null, 'backoff')) from row;
select count(test_setup.move(name, id, 'waiting', null, 'backoff')) from row;
select count(test_setup.move(name, id, 'done', '{ready,in_progress}', 'partial')) from row;
select count(test_setup.move(name, id, 'new')) from row;

select is(
  test_setup.steps(id),
  '{->new,new>valid,valid>waiting,waiting>waiting:backoff,waiting>ready,ready>in_progress,in_progress>done:partial}'::text[],
  format('a %s: every step, the substate at its end, a change of the substate alone, and nothing that changed nothing or was refused', name))
from row;
select is(
  (select array_agg(distinct h.entity || ' ' || h.org_id) from etl_api.state_history as h where h.entity_id = row.id),
  array[name || ' ' || test_setup.id('org acme')], format('a %s: its table and tenant', name))
from row;

set etl.fake_now = '2030-05-05 05:05Z';
select count(test_setup.move(name, id, 'delivered')) from row;
select is(
  (select h.at from etl_api.state_history as h where h.entity_id = row.id order by h.seq desc limit 1),
  '2030-05-05 05:05Z'::timestamptz, format('a %s: when', name))
from row;

-- Nothing but state, substate and via counts.
update public.workflow_request set data = '{"a": 1}';
update public.activity_request set config = '{"a": 1}';
update public.run_queue set error = '{}';
update public.run_request set error = '{}';
update public.delivery set error = '{}';
select is(cardinality(test_setup.steps(id)), 8, format('a %s: other columns leave no trace', name))
from row;

select * from finish();

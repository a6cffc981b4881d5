select plan(8);

select test_setup.only_guard();
create temporary table row as
select e.name, test_setup.make(e.name) as id
from test_setup.entities() as e (name);

select is(
  test_setup.outcome(format('update public.%I set id = %L where id = %L', name, test_setup.id('new id'), id)),
  format('ETL01 %s: id and org_id of a row never change (new id %s) | Insert a new row instead.', name, test_setup.id('new id')),
  format('the id of a %s', name))
from row;
select is(
  left(test_setup.outcome(format('update public.workflow_request set org_id = %L where id = %L', test_setup.id('org other'), id)), 5),
  'ETL01', 'the org of a row')
from row
where name = 'workflow_request';
select is(
  left(test_setup.outcome(format('update public.workflow_request set replay = 1 where id = %L', id)), 5),
  'ETL01', 'a row does not become a replay, which the guard does not see')
from row
where name = 'workflow_request';

-- Two rows of two orgs exchange their ids: each id is still there afterwards.
insert into public.workflow_request (id, org_id, data)
values (test_setup.id('one'), test_setup.id('org acme'), '{}'), (test_setup.id('two'), test_setup.id('org other'), '{}');
select is(
  left(test_setup.outcome(format(
    'update public.workflow_request set id = case id when %1$L then %2$L::uuid else %1$L::uuid end where id in (%1$L, %2$L)',
    test_setup.id('one'), test_setup.id('two'))), 5),
  'ETL01', 'not even in exchange');

select * from finish();

select plan(3);

select test_setup.only_guard();
create temporary table row as
select test_setup.make('workflow_request') as id;

select ok((select rolsuper from pg_roles where rolname = current_user), 'this is a superuser');
select is(left(test_setup.outcome(format('update public.workflow_request set state = ''done'' where id = %L', id)), 5), 'ETL01',
  'a superuser is refused')
from row;
select is(
  test_setup.as_user(null, format('update public.workflow_request set state = ''done'' where id = %L returning 1', id), 'service_role'),
  'ETL01', 'the service is refused')
from row;

select * from finish();

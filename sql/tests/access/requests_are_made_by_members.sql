select plan(10);

select test_setup.set_up_people();

create function pg_temp.ask(person text, org text, columns text default '', given text default '') returns text
language sql
as $$
  select test_setup.as_user(person, format(
    'insert into public.workflow_request (org_id, data %s) values (test_setup.id(%L), ''{}'' %s) returning 1', columns, org, given))
$$;

select is(pg_temp.ask(p.name, 'org acme'), p.answer, p.name || ' asks for Acme')
from (values ('olga', '(1)'), ('adam', '(1)'), ('mia', '(1)'), ('vera', '42501'), ('otto', '42501'), ('nobody', '42501')) as p (name, answer);
select is(pg_temp.ask('mia', 'org acme', ', idempotency_key', ', ''k'''), '(1)', 'with a key');
select is(pg_temp.ask('olga', 'org acme', ', state', ', ''new'''), '42501', 'the state is the engine''s');
select is(test_setup.as_user('olga', 'update public.workflow_request set data = ''{}'' returning 1'), '42501', 'and a request stays as it was made');
select is(test_setup.as_user('olga', 'delete from public.workflow_request returning 1'), '42501', 'and stays');

select * from finish();

select plan(18);

select test_setup.set_up_people();

create function pg_temp.make(person text, org text) returns text
language sql
as $$
  select test_setup.as_user(person, format(
    'insert into public.object_type (org_id, name, key_datapoints) values (%s, ''thing of ' || person || ''', ''{a}'') returning 1',
    case when org is null then 'null' else format('test_setup.id(%L)', org) end))
$$;

select is(pg_temp.make(p.name, 'org acme'), p.answer, p.name || ' configures Acme')
from (values ('olga', '(1)'), ('adam', '(1)'), ('mia', '42501'), ('vera', '42501'), ('otto', '42501')) as p (name, answer);
select is(pg_temp.make('olga', null), '42501', 'nobody makes shared rows');
select is(test_setup.as_user(p.name, 'update public.activity set name = ''x'' returning 1'), p.answer, p.name || ' changes what is Acme''s')
from (values ('adam', '(1)'), ('mia', '-'), ('otto', '-')) as p (name, answer);
select is(test_setup.as_user('olga', 'update public.source set enabled = false returning 1'), '-', 'nobody changes shared rows');
select is(
  test_setup.as_user('olga', 'update public.activity set org_id = test_setup.id(''org other'') returning 1'), 'ETL07', 'nothing is given away');
select is(test_setup.as_user('olga', 'delete from public.source returning 1'), '-', 'nobody deletes shared rows');
select is(test_setup.as_user('mia', 'delete from public.activity returning 1'), '-', 'a member deletes none');
select is(test_setup.as_user('adam', 'delete from public.activity returning 1'), '(1)', 'an admin deletes Acme''s');
select is(
  test_setup.as_user('adam', 'insert into public.webhook_endpoint (org_id, url) values (test_setup.id(''org acme''), ''https://client.test'') returning 1'),
  '(1)', 'endpoints too');
select is(test_setup.as_user('adam', 'update public.org set name = ''Acme'', settings = ''{}'' returning slug'), '(acme-research)', 'the org''s name and settings');
select is(test_setup.as_user('olga', 'update public.org set request_count = 0 returning 1'), '42501', 'its counters are the engine''s');
select is(test_setup.as_user('mia', 'update public.org set name = ''Mine'' returning 1'), '-', 'a member does not rename it');

select * from finish();

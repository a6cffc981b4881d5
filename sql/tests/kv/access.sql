select plan(14);

select test_setup.set_up_people();
select etl_api.kv_set(test_setup.id('org acme'), 'event:a', '1');
select etl_api.kv_set(test_setup.id('org other'), 'event:b', '2');

select is(test_setup.as_user(p.name, $$select etl_api.kv_get(test_setup.id('org acme'), 'event:a')$$), p.answer, p.name || ' reads Acme''s')
from (values ('olga', '(1)'), ('vera', '(1)'), ('otto', '()')) as p (name, answer);
select is(test_setup.as_user('otto', $$select etl_api.kv_get(test_setup.id('org acme'), 'events:index')$$), '([])', 'nor does a list tell of it');
select is(test_setup.as_user('olga', 'select key from public.kv_store'), '(event:a)', 'the table shows one''s own');
select is(test_setup.as_user(p.name, $$select etl_api.kv_set(test_setup.id('org acme'), 'x', '1') > 0$$), p.answer, p.name || ' writes')
from (values ('mia', '(t)'), ('vera', 'ETL06'), ('otto', 'ETL06')) as p (name, answer);
select is(test_setup.as_user('vera', $$select etl_api.kv_delete(test_setup.id('org acme'), 'event:a')$$), 'ETL06', 'who only reads deletes nothing');
select is(test_setup.as_user('otto', $$select etl_api.kv_compare_and_set(test_setup.id('org acme'), 'x', null, '1')$$), 'ETL06', 'strangers compare nothing');
select is(test_setup.as_user('olga', $$insert into public.kv_store (org_id, key, value) values (test_setup.id('org acme'), 'y', '1') returning 1$$), '42501', 'nobody writes past the functions');
select is(test_setup.as_user('mia', $$insert into etl_api.kv_index (org_id, name, of_pattern) values (test_setup.id('org acme'), 'l', 'k:{id}') returning 1$$), '42501', 'members make no lists');
select is(test_setup.as_user(null, $$select etl_api.kv_get(test_setup.id('org acme'), 'event:a')$$, 'anon'), '42501', 'who is not signed in reads nothing');

delete from public.org where id = test_setup.id('org other');
select is((select count(*)::int from public.kv_store where org_id = test_setup.id('org other')), 0, 'what an org stored goes with it');

select * from finish();

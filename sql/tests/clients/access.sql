-- A client's rows are its own and its tenant's; of another's nothing is told, not even that they are there.
select plan(35);

select test_setup.set_up_people();
insert into public.clients (client_id, organization_id, company_name, user_id)
values (test_setup.id('shop'), test_setup.id('org acme'), 'Shop', test_setup.id('sam')),
  (test_setup.id('bar'), test_setup.id('org acme'), 'Bar', test_setup.id('bea')),
  (test_setup.id('foreign'), test_setup.id('org other'), 'Foreign', null);
select etl_api.ingest_client_data(test_setup.id(c), 'orders', '[{"secret": "s1"}, {"secret": "s2"}]') from unnest('{shop,bar,foreign}'::text[]) as c;

create function pg_temp.told(person text, client text) returns text language sql as $$
  select concat_ws(' ',
    test_setup.as_user(person, format('select public.get_client_data_count(%L)', test_setup.id(client))),
    test_setup.as_user(person, format('select public.get_client_data_count(%L, %L)', test_setup.id(client), etl_api.client_table_name(test_setup.id(client), 'orders'))),
    test_setup.as_user(person, format('select count(*) from public.get_client_data_filtered(%L)', test_setup.id(client))),
    test_setup.as_user(person, format('select count(*) from public.get_client_data_filtered(%L, filter => %L)', test_setup.id(client), '{"secret": "s1"}')))
$$;
select is(pg_temp.told(p.person, 'shop'), p.told, p.person || ' and the shop''s rows')
from (values ('olga', '(2) (2) (2) (1)'), ('vera', '(2) (2) (2) (1)'), ('sam', '(2) (2) (2) (1)'), ('bea', '(0) (0) (0) (0)'), ('otto', '(0) (0) (0) (0)'), ('nobody', '(0) (0) (0) (0)')) as p (person, told);
select is(pg_temp.told(p.person, 'no client'), '(0) (0) (0) (0)', 'as if there were none: ' || p.person) from (values ('olga'), ('sam'), ('otto')) as p (person);
select is(
  test_setup.misuse(format('select * from public.get_client_data_filtered(%L, max_rows => 0)', test_setup.id(c)), 'bea', 'authenticated'), 'nothing', 'a bad argument tells nothing of another''s either: ' || c)
from unnest('{shop,no client}'::text[]) as c;
select is(test_setup.misuse(format('select etl_api.ingest_client_data(%L, null, %L)', test_setup.id(c), r), 'bea', 'authenticated'),
  'ETL06 you may not add to the data of client … | The client itself, and owners, admins and members of its tenant can do this.', 'nor does a refusal: ' || c)
from (values ('shop', '[]'), ('no client', '[]'), ('foreign', '[]'), ('shop', '{}'), ('no client', '{}')) as t (c, r);
select is(test_setup.as_user(p.person, format('select etl_api.ingest_client_data(%L, %L, %L) ->> %L', test_setup.id('shop'), 'notes', '[{"a": 1}]', 'success')), p.told, p.person || ' uploads')
from (values ('olga', '(1)'), ('mia', '(1)'), ('vera', 'ETL06'), ('sam', '(1)'), ('otto', 'ETL06')) as p (person, told);
select is(test_setup.as_user('sam', 'select count(*) from public.' || t), '(0)', 'a client that is no member reads through the functions, not the table ' || t)
from unnest('{clients,client_data,client_schemas,client_data_summary}'::text[]) as t;
select is(test_setup.as_user('otto', 'select count(*) from public.client_data_summary'), '(1)', 'other tenants see their own');
select is(test_setup.as_user('olga', 'select count(*) from public.client_data'), '(7)', 'members see all of theirs');
select is(test_setup.as_user(null, format('select public.get_client_data_count(%L)', test_setup.id('shop')), 'anon'), '42501', 'who is not signed in calls nothing');
select is(test_setup.as_user('olga', format('insert into public.client_data (client_id, organization_id, table_name, data) values (%L, %L, %L, %L) returning 1', test_setup.id('shop'), test_setup.id('org acme'), 'x', '{}')), '42501', 'nobody writes past the functions');

-- what the service asks for somebody
select is(etl_api.read_client_data(test_setup.id('shop'), as_user => test_setup.id('bea')), null, 'the service reads nothing for whom it is not');
select set_config('request.jwt.claims', '', true);
select is(etl_api.read_client_data(test_setup.id('shop'), max_rows => 1, as_user => test_setup.id('sam')) - 'data' ->> 'count', '5', 'and all for whom it is');
select set_config('request.jwt.claims', '', true);
select is(etl_api.read_client_data(test_setup.id('nope')), null, 'of nobody, nothing');

-- a tenant that was deleted
update public.org set deleted_at = now() where id = test_setup.id('org acme');
select is(pg_temp.told('sam', 'shop'), '(0) (0) (0) (0)', 'a client of a deleted tenant has nothing');
-- and all goes with its client, or its tenant
delete from public.clients where client_id = test_setup.id('bar');
select is((select count(*)::int from public.client_data as d where d.client_id = test_setup.id('bar')), 0, 'rows go with their client');
delete from public.org where id = test_setup.id('org other');
select is((select count(*)::int from public.client_data as d where d.client_id = test_setup.id('foreign')), 0, 'and with their tenant');

select * from finish();

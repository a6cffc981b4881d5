-- The counters of an org follow what is stored, at once.
select plan(11);

select test_setup.setup_enrichment_test_data();
insert into test_setup.reply (source, body)
values
  ('AlgOps API Client', '{"company": {"sector": "Anvils"}}'),
  ('Company Register', '{"result": {"entries": [{"website": "a.test", "employees": 3}]}}');

create function pg_temp.counters(org text) returns text
language sql
as $$
  select concat_ws(' ', o.request_count, o.run_count, o.object_count, o.datapoint_count, coalesce(o.free_objects::text, 'unlimited'))
  from public.org as o
  where o.id = test_setup.id(org)
$$;
select is(pg_temp.counters('org acme'), '0 0 0 8 unlimited', 'an org begins with nothing but the shared datapoints');

select test_setup.enrich('{a.test,b.test,c.test}');
select is(pg_temp.counters('org acme'), '1 0 3 8 unlimited', 'a request and its objects count when they are stored, its runs not yet');
select count(*) from test_setup.claim(2);
select is(pg_temp.counters('org acme'), '1 2 3 8 unlimited', 'a run counts when it is sent to its source');
select test_setup.serve();
select is(
  pg_temp.counters('org acme'),
  format('1 %s 3 8 unlimited', (select count(*) from public.run_queue where run_request_id is not null)),
  'and so do those of the next sources');

select test_setup.enrich('{c.test,d.test}');
select is(
  (select object_count from public.org where id = test_setup.id('org acme')), 4::bigint,
  'an object that is known is not counted again');
select is(pg_temp.counters('org other'), '0 0 0 8 unlimited', 'the work of one org is not counted for another');

delete from public.workflow_request where org_id = test_setup.id('org acme');
delete from public.object where org_id = test_setup.id('org acme') and natural_key @> '{"domain": "a.test"}';
select results_eq(
  format($$select request_count, object_count from public.org where id = %L$$, test_setup.id('org acme')),
  'values (2::bigint, 3::bigint)', 'objects deleted count down, requests do not: they were made');

insert into public.datapoint (org_id, object_type_id, name)
values (test_setup.id('org acme'), test_setup.id('company'), 'of_acme'), (test_setup.id('org acme'), test_setup.id('company'), 'another');
insert into public.datapoint (object_type_id, name) values (test_setup.id('company'), 'of_all');
select results_eq(
  $$select slug, datapoint_count from public.org order by slug$$,
  $$values ('acme-research', 11::bigint), ('other-research', 9)$$, 'own datapoints count for the org, shared ones for all');
insert into public.org (name, slug) values ('New', 'new');
delete from public.datapoint where name in ('of_all', 'another');
select results_eq(
  $$select slug, datapoint_count from public.org order by slug$$,
  $$values ('acme-research', 9::bigint), ('new', 8), ('other-research', 8)$$, 'datapoints deleted count no more, and a new org has the shared ones');
delete from public.datapoint where object_type_id = test_setup.id('person');
delete from public.object_source where object_type_id = test_setup.id('person');
select is((select datapoint_count from public.org where slug = 'new'), 5::bigint, 'nor do those of a whole type');

select * from etl_api.recover();
select is_empty('select * from etl_api.org_count_delta', 'the sweep leaves no note behind');

select * from finish();

-- An object is stored once per tenant, type and natural key, however often and however spelt it comes.
select plan(6);

select test_setup.setup_enrichment_test_data();
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich of other'), test_setup.id('org other'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');

select test_setup.enrich('{acme.test,ACME.test}');
select test_setup.enrich(array[' Acme.test', 'beta.test']);
select is((select array_agg(natural_key ->> 'domain' order by natural_key) from object), '{acme.test,beta.test}',
  'three spellings in two requests are one object');
select is(
  (select count(distinct object_id) from activity_object as ao join object as o on o.id = ao.object_id
   where o.natural_key ->> 'domain' = 'acme.test'), 1::bigint, 'that both requests take');
select is((select count(*) from activity_object), 3::bigint, 'each once');

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test"}]}'::jsonb,
  'data', jsonb_build_object('theirs', jsonb_build_object('id', test_setup.id('enrich of other')))), test_setup.id('org other'));
select is((select count(*) from object where natural_key ->> 'domain' = 'acme.test'), 2::bigint, 'another tenant''s is another object');
select is(
  etl_api.store_object(test_setup.id('org other'), test_setup.id('company'), '{"domain": "ACME.test", "name": "x"}'),
  (select id from object where org_id = test_setup.id('org other')), 'store_object finds it by its key');
select throws_ok(
  $$select etl_api.store_object(test_setup.id('org other'), test_setup.id('company'), '{"name": "x"}')$$,
  'ETL04', 'the object has no natural key: domain found in {"name": "x"}', 'and refuses what has no key');

select * from finish();

-- Each source says how long its own values keep; without max_age they never age.
select plan(4);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update datapoint_source set max_age = '1 hour'
where datapoint_id = test_setup.id('company.employees') and source_id = test_setup.id('AlgOps API Client');
select etl_api.store_object(test_setup.id('org acme'), test_setup.id('company'), '{"domain": "a.test"}');
select etl_api.store_value((select id from object), test_setup.id('company.employees'), '10', test_setup.id('AlgOps API Client'));

set etl.fake_now = '2026-05-01 12:00:00Z';
select etl_api.store_value((select id from object), test_setup.id('company.employees'), '20', test_setup.id('Company Register'));
set etl.fake_now = '2036-05-01 12:00:00Z';
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is(test_setup.runs(), '{}', 'a value that never ages is enough, stale ones beside it');
select is((select objects #> '{0,values,employees}' from activity_result), '20', 'and goes before a stale one of a better source');
delete from workflow_request;

delete from value where source_id = test_setup.id('Company Register');
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation'], 'only a stale one: asked again, by priority');
select test_setup.exchange('{"company": {}}');
select is(test_setup.runs(), array['a.test AlgOps API Client done:no_value', 'a.test Company Register waiting:allocation'],
  'and the next source after it');

select * from finish();

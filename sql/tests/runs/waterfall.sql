-- Sources are asked by priority, the next one only for what is still missing.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into source (id, name, run_request_template)
values (test_setup.id('Third'), 'Third', '{"method": "GET", "url": "https://third.test/", "response": {"objects": []}}');
insert into datapoint_source (source_id, datapoint_id, key_mapping_json, priority)
values
  (test_setup.id('Third'), test_setup.id('company.employees'), '"n"', 5),
  (test_setup.id('Third'), test_setup.id('company.industry'), '"i"', 30);

select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is(test_setup.runs(), array['a.test Third waiting:allocation'], 'the lowest priority first, and it alone');
select is(test_setup.exchange('{"n": null, "i": "Tools"}'), 1, 'it does not know');
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation', 'a.test Third done:no_value'], 'then the next');
select is(test_setup.exchange('{"company": {}}'), 1, 'which does not know either');
select is(test_setup.runs(), array[
  'a.test AlgOps API Client done:no_value', 'a.test Company Register waiting:allocation', 'a.test Third done:no_value'], 'then the last');
select is(test_setup.exchange('{"result": {"entries": {"employees": 3, "website": "a.test"}}}'), 1, 'which knows');
select is((select array_agg(objects #> '{0,values}') from activity_result), array['{"employees": 3}']::jsonb[], 'that is the value');
select is((select count(*) from value where source_id = test_setup.id('Third')), 1::bigint,
  'what a source said beyond the question is kept');

-- Known now, so a second request asks nobody about it.
select test_setup.enrich('{a.test}', '{"datapoints": ["employees", "industry"]}');
select is((select count(*) from run_request), 3::bigint, 'what is known is not asked for again');

select * from finish();

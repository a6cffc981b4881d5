-- A result can be rebuilt from the values known now.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select test_setup.exchange('{"company": {"sector": "Tools"}}');
create temp table before as select objects from activity_result;
select is(etl_api.reconstruct_values_to_activity_request(test_setup.activity()), (select objects from before), 'rebuilt it is the same');
update value set value = '"Mills"' where datapoint_id = test_setup.id('company.industry');
select is(etl_api.reconstruct_values_to_activity_request(test_setup.activity()) #> '{0,values}', '{"industry": "Mills"}', 'a corrected value is in it');
select is((select objects #> '{0,values}' from activity_result), '{"industry": "Mills"}'::jsonb, 'and it is kept');

select * from finish();

-- A value younger than max_age is not asked for; an older one is, and stands until a newer one has come.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
update datapoint_source set max_age = '1 day' where datapoint_id = test_setup.id('company.industry');

select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select is(test_setup.exchange('{"company": {"sector": "Tools"}}'), 1, 'asked for the first time');
delete from workflow_request;

set etl.fake_now = '2026-05-02 09:59:59Z';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select is(test_setup.runs(), '{}', 'fresh: nobody is asked');
select is(test_setup.state(test_setup.activity()), 'done', 'and the activity is done at once');
select is((select objects #> '{0,values}' from activity_result), '{"industry": "Tools"}'::jsonb, 'with what is known');
delete from workflow_request;

set etl.fake_now = '2026-05-02 10:00:00Z';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation'], 'a day old: asked again');
select is(test_setup.exchange('{"company": {}}'), 1, 'the source has forgotten');
select is(test_setup.runs(), array['a.test AlgOps API Client done:no_value'], 'that is no value');
select is((select objects #> '{0,provenance,industry}' from activity_result),
  '{"source": "AlgOps API Client", "confidence": 0.8, "observed_at": "2026-05-01T10:00:00+00:00"}'::jsonb,
  'the old value stands, with the time it was seen');
delete from workflow_request;

select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select is(test_setup.exchange('{"company": {"sector": "Mills"}}'), 1, 'asked again, and answered');
select is((select objects #> '{0,values}' from activity_result), '{"industry": "Mills"}'::jsonb, 'the new value counts');
select is((select count(*) from value where datapoint_id = test_setup.id('company.industry')), 1::bigint,
  'a source has one value of a datapoint, its latest');

select * from finish();

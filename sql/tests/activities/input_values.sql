-- What the request says of an object is known: it is not asked for, and stands in the result as "input".
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test", "industry": "Tools", "employees": null, "colour": "red"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry", "employees"]}}'::jsonb))));

select is((select array_agg(d.name order by d.name) from run_queue as q join datapoint as d on d.id = any (q.datapoint_ids)),
  '{employees}', 'only what is not given is asked for: null gives nothing');
select test_setup.exchange('{"company": {"sector": "Other", "staff": {"count": 9}}}');
select is((select objects from activity_result), '[{
  "object_type": "company",
  "key": {"domain": "acme.test"},
  "values": {"industry": "Tools", "employees": 9},
  "provenance": {
    "industry": {"source": "input", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"},
    "employees": {"source": "AlgOps API Client", "confidence": 0.9, "observed_at": "2026-05-01T10:00:00+00:00"}}
}]'::jsonb, 'what the request said comes before what a source says');
select is((select array_agg(d.name order by d.name) from value as v join datapoint as d on d.id = v.datapoint_id where v.source_id is null),
  '{domain,industry}', 'members that are no datapoints, and nulls, are no values');

select * from finish();

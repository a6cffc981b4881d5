-- An enrichment stores what was said of the objects asked about, and nothing that was said of others.
select plan(6);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from test_setup.claim();

-- b.test is known and asked about in this workflow, but not by this HTTP request.
select is(test_setup.answer(run_request_id, '{"company": [{"domain": "b.test", "sector": "B"}, {"domain": "c.test", "sector": "C"}]}'), 'accepted',
  'an answer about others') from claimed where request ->> 'url' like '%/a.test';
select is((select count(*) from value where source_id is not null), 0::bigint, 'gives no value');
select is((select count(*) from object), 2::bigint, 'and no object');
select is((select test_setup.runs())[1], 'a.test AlgOps API Client done:no_value', 'the run is done without a value');

select is(test_setup.answer(run_request_id, '{"company": {"domain": "c.test", "sector": "C"}}'), 'accepted', 'a single object with another key')
from claimed where request ->> 'url' like '%/b.test';
select is((select count(*) from value where source_id is not null), 0::bigint, 'is not taken for the one asked about');

select * from finish();

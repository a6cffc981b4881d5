-- Asked about one object, one without a key came back: it is that one. Two without a key, or a batch: nobody knows.
select plan(4);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from test_setup.claim();
select is(test_setup.answer(run_request_id, '{"company": {"sector": "A"}}'), 'accepted', 'one without a key')
from claimed where request ->> 'url' like '%/a.test';
select is(test_setup.answer(run_request_id, '{"company": [{"sector": "X"}, {"sector": "Y"}]}'), 'accepted', 'two without a key')
from claimed where request ->> 'url' like '%/b.test';
select is(test_setup.runs(), array['a.test AlgOps API Client done', 'b.test AlgOps API Client done:no_value'], 'only the single one counts');
select is((select array_agg(value) from value where source_id is not null), '{"\"A\""}'::jsonb[], 'its value is stored');

select * from finish();

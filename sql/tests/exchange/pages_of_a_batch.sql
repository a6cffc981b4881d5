-- The objects of one batch may come on several pages; their runs end with the last.
select plan(4);

select test_setup.setup_enrichment_test_data();
update source
set max_objects_per_request = 10,
    run_request_template = '{"method": "POST", "url": "https://api.algops.test/batch", "body": {"companies": "<<$objects>>", "after": "<<$cursor>>"},
      "response": {"objects": "companies", "next_cursor": "next"}}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
select is(test_setup.exchange('{"companies": [{"domain": "b.test", "sector": "B"}], "next": "p2"}'), 1, 'the first page holds one');
select is(test_setup.runs(), array['a.test AlgOps API Client in_progress', 'b.test AlgOps API Client in_progress'], 'neither run has ended');
select is(
  (select count(*) from test_setup.claim() as c
   where jsonb_array_length(c.request #> '{body,companies}') = 2 and c.request #>> '{body,after}' = 'p2'
     and test_setup.answer(c.run_request_id, '{"companies": [{"domain": "a.test", "sector": "A"}]}') = 'accepted'),
  1::bigint, 'the second page is asked for the same objects');
select is((select jsonb_agg(o.value -> 'values' order by o.value) from activity_result cross join lateral jsonb_array_elements(objects) as o),
  '[{"industry": "A"}, {"industry": "B"}]'::jsonb, 'both have their value');

select * from finish();

-- The limit counts HTTP requests, also where batches of several activities stay small.
select plan(3);

select test_setup.setup_enrichment_test_data();
update source set max_concurrency = 2, max_objects_per_request = 5 where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select test_setup.enrich('{b.test}', '{"datapoints": ["industry"]}');
select test_setup.enrich('{c.test}', '{"datapoints": ["industry"]}');
select test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed), 2::bigint, 'two requests, though ten objects would have room in two');
select is((select count(*) from run_queue where state = 'waiting'), 2::bigint, 'the other runs wait');
select is((select count(test_setup.answer(run_request_id, '{"company": {"sector": "Tools"}}')) + (select count(*) from test_setup.claim()) from claimed offset 0),
  4::bigint, 'and are asked when these are answered');

select * from finish();

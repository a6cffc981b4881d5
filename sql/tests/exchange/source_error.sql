-- A 200 that says "error" where the template looks for it is a failure; an empty one is none.
select plan(4);

select test_setup.setup_enrichment_test_data();
create temp table given (n serial, error jsonb, fails boolean);
insert into given (error, fails)
values ('"no credit"', true), ('{"code": 7}', true), ('true', true), ('0', true), ('["a"]', true),
  ('null', false), ('""', false), ('false', false), ('[]', false), ('{}', false);
select test_setup.enrich(array(select n || '.test' from given), '{"datapoints": ["industry"]}');
select is(
  (select count(*) from test_setup.claim() as c join given as g on c.request ->> 'url' like '%/' || g.n || '.test'
   where test_setup.answer(c.run_request_id, jsonb_build_object('error', g.error, 'company', '{"sector": "Tools"}'::jsonb)) = 'accepted'),
  10::bigint, 'ten answers with an error member');
select is(
  (select array_agg(q.state = 'failed' order by g.n)
   from run_queue as q join object as o on o.id = q.object_id join given as g on o.natural_key ->> 'domain' = g.n || '.test'),
  (select array_agg(g.fails order by g.n) from given as g), 'those that say something have failed');
select is((select error from run_queue where error ->> 'message' like '%credit'),
  '{"code": "source_error", "message": "AlgOps API Client says: no credit"}'::jsonb, 'with what the source said');
select is((select count(*) from value where source_id is not null), 5::bigint, 'a failed answer gives no values');

select * from finish();

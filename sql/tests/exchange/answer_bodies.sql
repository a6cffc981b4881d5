-- A 200 with any JSON is an answer: what is not where the mapping looks is simply not there.
select plan(3);

select test_setup.setup_enrichment_test_data();
create temp table given (n serial, body jsonb);
insert into given (body)
values ('null'), ('"text"'), ('7'), ('[]'), ('{}'), ('[1, null, "x"]'), ('{"company": null}'), ('{"company": []}'), ('{"company": "x"}'),
  ('{"company": [[{"sector": "deep"}]]}'), ('{"company": {"sector": null}}'), ('{"company": {"sector": {"a": [1]}}}');
select test_setup.enrich(array(select n || '.test' from given order by n), '{"datapoints": ["industry"]}');

select is(
  (select count(*) from test_setup.claim() as c join given as g on c.request ->> 'url' like '%/' || g.n || '.test'
   where test_setup.answer(c.run_request_id, g.body) = 'accepted'), 12::bigint, 'all are accepted');
select is(
  (select array_agg(q.state || ':' || coalesce(q.state_substate, '') order by g.n)
   from run_queue as q join object as o on o.id = q.object_id join given as g on o.natural_key ->> 'domain' = g.n || '.test'),
  array_fill('done:no_value'::text, array[11]) || 'done:'::text, 'only one of them says something');
select is((select array_agg(value) from value where source_id is not null), '{"{\"a\": [1]}"}'::jsonb[], 'an object is a value, too');

select * from finish();

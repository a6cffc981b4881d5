-- A batch of which the source knows a part: the others got no value, and go to the next source.
select plan(3);

select test_setup.setup_enrichment_test_data();
update source
set max_objects_per_request = 10,
    run_request_template = '{"method": "POST", "url": "https://api.algops.test/v1/batch", "body": {"companies": "<<$objects>>"},
      "response": {"objects": "companies"}}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["employees"]}');
select is(test_setup.exchange('{"companies": [
  {"domain": "c.test", "staff": {"count": 3}}, {"domain": "x.test", "staff": {"count": 4}},
  {"staff": {"count": 5}}, {"domain": "a.test", "staff": {"count": "many"}}, {"domain": "a.test", "staff": null}]}'), 1,
  'one answer for the batch');
select is(test_setup.runs(), array[
  'a.test AlgOps API Client done',
  'b.test AlgOps API Client done:no_value',
  'b.test Company Register waiting:allocation',
  'c.test AlgOps API Client done'], 'the object that was left out is asked about elsewhere');
select is(
  (select jsonb_object_agg(o.natural_key ->> 'domain', v.value) from value as v join object as o on o.id = v.object_id
   where v.source_id is not null),
  '{"a.test": "many", "c.test": 3}'::jsonb, 'what came for others, or for nobody, is not stored');

select * from finish();

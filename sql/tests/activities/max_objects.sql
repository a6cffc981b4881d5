-- An enrichment takes the first max_objects different objects.
select plan(2);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{c.test,C.test,a.test,d.test,b.test}', '{"max_objects": 3, "datapoints": ["industry"]}');
select is(
  (select array_agg(o.natural_key ->> 'domain' order by ao.ordinal) from activity_object as ao join object as o on o.id = ao.object_id),
  '{c.test,a.test,d.test}', 'in the order of the request, a repeated one counted once');
select is((select count(*) from run_queue), 3::bigint, 'and no more are asked about');

select * from finish();

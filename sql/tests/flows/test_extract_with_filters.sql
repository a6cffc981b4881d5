-- Location and size of the request reach the source with their JSON types, over the activity's own config.
select plan(5);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
update activity
set config = '{"max_objects": 10, "filter": {"location": {"country": "DE"}}, "language": "de"}'
where id = test_setup.id('extract companies');

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
  'id', test_setup.id('extract companies'),
  'setup', '{"config": {"max_objects": 2, "filter": {
    "location": {"country": "AT", "radius_km": 50}, "size": {"min": 10, "max": null}, "active": true}}}'::jsonb))));

create temp table claimed as select * from test_setup.claim();
select is((select request -> 'body' from claimed), '{
  "filter": {"location": {"country": "AT", "radius_km": 50}, "size": {"min": 10, "max": null}, "active": true},
  "limit": 2}'::jsonb, 'the filter arrives whole: numbers, booleans and nulls as such');
select is((select config ->> 'language' from activity_request), 'de', 'what the request does not set stays as configured');

select is(test_setup.answer(run_request_id, '{"hits": [
  {"host": "a.test", "title": "A"}, {"host": "b.test", "title": "B"}, {"host": "c.test", "title": "C"}]}'), 'accepted',
  'the source gives more than was asked for') from claimed;
select is(
  (select jsonb_agg(o.value -> 'key' -> 'domain') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o),
  '["a.test", "b.test"]'::jsonb, 'the result holds max_objects');
select is(test_setup.state(test_setup.activity('find')), 'done', 'and that is all that was wanted');

select * from finish();

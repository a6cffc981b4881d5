-- One HTTP request carries max_objects_per_request objects of one activity, and each gets its own values back.
select plan(8);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set max_objects_per_request = 2,
    run_request_template = '{"method": "POST", "url": "https://api.algops.test/v1/batch", "body": {"companies": "<<$objects>>"},
      "response": {"objects": "companies"}}'
where name = 'AlgOps API Client';

select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"]}');
select test_setup.enrich('{d.test,e.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed), 3::bigint, 'five objects of two activities make three requests');
select is(
  (select array_agg(jsonb_array_length(request #> '{body,companies}') order by jsonb_array_length(request #> '{body,companies}')) from claimed),
  '{1,2,2}', 'of two objects at most');
select is(
  (select count(distinct o.value ->> 'domain') from claimed cross join lateral jsonb_array_elements(request #> '{body,companies}') as o),
  5::bigint, 'each object in one of them');
select is(
  (select count(*) from (
    select q.run_request_id from run_queue as q group by q.run_request_id having count(distinct q.activity_request_id) > 1) as mixed),
  0::bigint, 'none mixes activities');

-- Answered in the opposite order, spelt differently.
select is(
  (select count(*) from claimed where test_setup.answer(run_request_id, (
    select jsonb_build_object('companies', jsonb_agg(jsonb_build_object(
      'domain', upper(o.value ->> 'domain'), 'sector', 'Sector of ' || (o.value ->> 'domain')) order by o.n desc))
    from jsonb_array_elements(request #> '{body,companies}') with ordinality as o (value, n))) = 'accepted'),
  3::bigint, 'all are answered');
select is(
  (select array_agg(o.natural_key ->> 'domain' || ': ' || (v.value #>> '{}') order by o.natural_key)
   from value as v join object as o on o.id = v.object_id where v.source_id is not null),
  array['a.test: Sector of a.test', 'b.test: Sector of b.test', 'c.test: Sector of c.test',
    'd.test: Sector of d.test', 'e.test: Sector of e.test'], 'every value is with its object');
select is((select count(*) from run_queue where state = 'done' and state_substate is null), 5::bigint, 'all runs are done');
select is((select count(*) from workflow_request where state = 'done'), 2::bigint, 'and both requests');

select * from finish();

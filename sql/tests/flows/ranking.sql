-- What a sourcing finds is ranked by the share of its use cases that are met; the best max_objects are kept, and more than
-- these are looked at up to max_candidates.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_sourcing_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://api.algops.test/v1/people", "query": {"page": "<<$page>>"}, "response": {"objects": "people"}}'
where name = 'AlgOps People';
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (test_setup.id('org acme'), test_setup.id('source people'), 'option', test_setup.id('person'), test_setup.id('person.name'), 'starts_with', 'A', false),
  (test_setup.id('org acme'), test_setup.id('source people'), 'reason', test_setup.id('person'), null, 'equals', 'growth', false);
insert into test_setup.reply (source, request, body)
values
  ('AlgOps People', '{"query": {"page": 1}}', '{"people": [
    {"contact": {"mail": "1@x.test"}, "full_name": "Bea", "position": "Clerk"},
    {"contact": {"mail": "2@x.test"}, "full_name": "Ada", "position": "Clerk"},
    {"contact": {"mail": "3@x.test"}}]}'),
  ('AlgOps People', '{"query": {"page": 2}}', '{"people": [
    {"contact": {"mail": "4@x.test"}, "full_name": "Abe", "position": "CEO"},
    {"contact": {"mail": "5@x.test"}, "position": "CTO"}]}'),
  ('AlgOps People', '{"query": {"page": 3}}', '{"people": [{"contact": {"mail": "6@x.test"}, "full_name": "Al", "position": "CTO"}]}'),
  ('AlgOps People', '{}', '{"people": []}');

create function pg_temp.source(config jsonb) returns uuid language sql as $$
  select test_setup.start(jsonb_build_object('data', jsonb_build_object('source', jsonb_build_object(
    'id', test_setup.id('source people'), 'setup', jsonb_build_object('config', config)))))
$$;
create function pg_temp.found() returns text[] language sql as $$
  select array_agg(o.value #>> '{key,email}' order by o.n)
  from activity_result cross join lateral jsonb_array_elements(objects) with ordinality as o (value, n)
$$;

select pg_temp.source('{"max_objects": 2}');
select is(test_setup.serve(), 1, 'one page brings enough');
select is(pg_temp.found(), '{2@x.test,1@x.test}', 'the best of the page, not the first');
select is((select array_agg(score order by ordinal) from activity_object), '{0.0000,0.5000}', 'by the share of the use cases met');
select is((select count(*) from object), 3::bigint, 'what was not kept is known all the same');
delete from workflow_request;

select pg_temp.source('{"max_objects": 2, "max_candidates": 5}');
select is(test_setup.serve(), 2, 'more candidates take more pages');
select is(pg_temp.found(), '{4@x.test,5@x.test}', 'the best of them all are kept: one meets all, the other all that is known');
select is((select summary from activity_result), '{"objects": 2, "values": 3, "missing": 1, "refused": 0, "new": 2, "known": 0, "runs": {"done": 1}}'::jsonb,
  'the summary is of these');
delete from workflow_request;

select pg_temp.source('{"max_objects": null}');
select is(test_setup.serve(), 4, 'without a limit all pages are asked');
select is(pg_temp.found(), '{4@x.test,5@x.test,6@x.test,2@x.test,1@x.test,3@x.test}', 'of equal ones the first; what cannot be ranked comes last');
select is((select score from activity_object where object_id = (select id from object where natural_key ->> 'email' = '3@x.test')), null, 'and has no score');
delete from workflow_request;

-- What takes the objects takes the kept ones only.
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('source more'), test_setup.id('org acme'), 'Source more', 'sourcing', test_setup.id('person'), '{name}');
select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'first', jsonb_build_object('id', test_setup.id('source people'), 'setup', '{"config": {"max_objects": 1, "max_candidates": 6}}'::jsonb,
    'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('source more')))),
  'second', jsonb_build_object('id', test_setup.id('source more')))));
select test_setup.serve();
select is((select array_agg(o.natural_key ->> 'email') from activity_object as ao join object as o on o.id = ao.object_id
  where ao.activity_request_id = test_setup.activity('second') and ao.role = 'input'), '{4@x.test}', 'the next activity takes the best one');

select * from finish();

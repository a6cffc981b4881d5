-- Three activities in two phases: an extraction finds companies, an enrichment completes them, and a sourcing finds
-- people at each of them. The later ones take the objects of the first.
select plan(17);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
select test_setup.setup_sourcing_test_data();

insert into workflow_request (id, org_id, data)
values (test_setup.id('request'), test_setup.id('org acme'), jsonb_build_object(
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object(
    'find', jsonb_build_object(
      'id', test_setup.id('extract companies'),
      'setup', '{"config": {"phase": 1, "max_objects": 2}}'::jsonb,
      'destination', jsonb_build_object('activity', jsonb_build_object('id', jsonb_build_array(
        test_setup.id('enrich companies'), test_setup.id('source people'))))),
    'enrich', jsonb_build_object(
      'id', test_setup.id('enrich companies'),
      'setup', '{"config": {"phase": 2, "datapoints": ["industry"]}}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/companies"}}'::jsonb),
    'people', jsonb_build_object(
      'id', test_setup.id('source people'),
      'setup', '{"config": {"phase": 2}}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/people"}}'::jsonb))));

select is(test_setup.states(), array[
  'workflow_request in_progress 1',
  'activity_request enrich waiting:phase 1',
  'activity_request find in_progress 1',
  'activity_request people waiting:phase 1',
  'run_queue waiting:allocation 1'], 'only the first phase starts');
select is((select array[workflow_phase, phase_count] from workflow_request), '{1,2}', 'phase 1 of 2');

select is(test_setup.exchange('{"hits": [
  {"host": "forge.test", "title": "Forge"}, {"host": "mill.test", "title": "Mill"}, {"host": "rest.test", "title": "Rest"}]}'),
  1, 'the search is answered');

select is(test_setup.states(), array[
  'workflow_request in_progress 1',
  'activity_request enrich in_progress 1',
  'activity_request find done 1',
  'activity_request people in_progress 1',
  'run_queue done 1',
  'run_queue waiting:allocation 4',
  'run_request done 1'], 'phase 2 starts in the same moment');
select is((select array[workflow_phase, phase_count] from workflow_request), '{2,2}', 'phase 2 of 2');
select is(
  (select jsonb_object_agg(x.activity_key, x.objects) from (
    select ar.activity_key, jsonb_agg(o.natural_key -> 'domain' order by ao.ordinal) as objects
    from activity_object as ao
    join activity_request as ar on ar.id = ao.activity_request_id
    join object as o on o.id = ao.object_id
    where ao.role = 'input'
    group by ar.activity_key) as x),
  '{"enrich": ["forge.test", "mill.test"], "people": ["forge.test", "mill.test"]}'::jsonb,
  'both take the objects that the first has found, in its order');

create temp table claimed as select * from test_setup.claim();
select is(
  (select jsonb_agg(request ->> 'url' order by request ->> 'url') from claimed where source = 'AlgOps API Client'),
  '["https://api.algops.test/v1/companies/forge.test", "https://api.algops.test/v1/companies/mill.test"]'::jsonb,
  'the enrichment asks for each');
select is(
  (select jsonb_agg(request #> '{body,companies}' order by request::text) from claimed where source = 'AlgOps People'),
  '[[{"domain": "forge.test", "name": "Forge"}], [{"domain": "mill.test", "name": "Mill"}]]'::jsonb,
  'the sourcing is told what the first phase learnt');

select is(test_setup.answer(run_request_id, '{"company": {"sector": "Steel"}}'), 'accepted', 'an enrichment is answered')
from claimed where source = 'AlgOps API Client';
select is(test_setup.state(test_setup.id('request')), 'in_progress', 'the request waits for the people');
select is(
  (select count(*) from claimed where source = 'AlgOps People' and test_setup.answer(run_request_id, jsonb_build_object('people',
    jsonb_build_array(jsonb_build_object('full_name', 'Boss of ' || (request #>> '{body,companies,0,name}'),
      'contact', jsonb_build_object('mail', 'boss@' || (request #>> '{body,companies,0,domain}')))))) = 'accepted'),
  2::bigint, 'the sourcing is answered');

select is(
  (select array_agg(d.event_type || ' ' || d.url || ' ' || d.state order by d.url) from delivery as d),
  array[
    'workflow_request.done https://client.test/all ready',
    'activity_request.done https://client.test/companies ready',
    'activity_request.done https://client.test/people ready'], 'a message per webhook, and one for the whole');
select is(
  (select b.body -> 'data' from delivery_body as b join delivery as d on d.id = b.delivery_id where d.url = 'https://client.test/all'),
  jsonb_build_object(
    'workflow_request_id', test_setup.id('request'),
    'org_id', test_setup.id('org acme'),
    'state', 'done',
    'substate', 'partial',
    'activities', jsonb_build_array(
      jsonb_build_object('activity_request_id', test_setup.activity('find'), 'activity_key', 'find', 'state', 'done',
        'substate', null, 'summary', '{"objects": 2, "values": 4, "missing": 0, "refused": 0, "new": 2, "known": 0, "runs": {"done": 1}}'::jsonb),
      jsonb_build_object('activity_request_id', test_setup.activity('enrich'), 'activity_key', 'enrich', 'state', 'done',
        'substate', null, 'summary', '{"objects": 2, "values": 2, "missing": 0, "refused": 0, "runs": {"done": 2}}'::jsonb),
      jsonb_build_object('activity_request_id', test_setup.activity('people'), 'activity_key', 'people', 'state', 'done',
        'substate', 'partial', 'summary', '{"objects": 2, "values": 2, "missing": 2, "refused": 0, "new": 2, "known": 0, "runs": {"done": 2}}'::jsonb))),
  'the message of the whole lists the activities by phase');
select is(test_setup.deliver(), 3, 'all are delivered');
select is(test_setup.states(), array[
  'workflow_request delivered:partial 1',
  'activity_request enrich delivered 1',
  'activity_request find done 1',
  'activity_request people delivered:partial 1',
  'run_queue done 5',
  'run_request done 5',
  'delivery delivered 3'], 'the request is delivered; what had no webhook of its own is done');
select is(test_setup.history(test_setup.activity('people')),
  '{new,valid,waiting:phase,ready,in_progress,done:partial,delivered:partial}', 'history of a second phase');

select * from finish();

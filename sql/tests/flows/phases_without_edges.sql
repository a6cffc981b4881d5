-- Phases need no edge and no dense numbers: the next begins when every activity of those before is over, however it ended.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'first', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"phase": 2}}'::jsonb),
    'beside', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"phase": 2, "filter": {"n": 2}}}'::jsonb),
    'last', jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', '{"config": {"phase": 7, "datapoints": ["industry"]}}'::jsonb))));

select is((select array[workflow_phase, phase_count] from workflow_request), '{2,2}', 'the lowest phase of two');
create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed), 2::bigint, 'both activities of the first phase ask');
select is(test_setup.answer(run_request_id, '{"error": "no"}', 400), 'accepted', 'one fails')
from claimed where request #>> '{body,filter,n}' is null;
select is(test_setup.state(test_setup.activity('last')), 'waiting:phase', 'the last one waits for the other');
select is(test_setup.answer(run_request_id, '{"hits": []}'), 'accepted', 'the other finds nothing')
from claimed where request #>> '{body,filter,n}' = '2';
select is(test_setup.states(), array[
  'workflow_request in_progress 1',
  'activity_request beside done:no_objects 1',
  'activity_request first failed:all_runs_failed 1',
  'activity_request last in_progress 1',
  'run_queue done 1',
  'run_queue failed:http_400 1',
  'run_queue waiting:allocation 1',
  'run_request done 1',
  'run_request failed:http_400 1'], 'then the last phase begins, with the request''s own input');
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is(test_setup.state((select id from workflow_request)), 'done:partial', 'one activity failed: the request is done in part');

select * from finish();

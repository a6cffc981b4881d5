-- A request that fails wholly tells the client so, and takes with it what waited for its objects.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_extract_test_data();
select test_setup.setup_enrichment_test_data();
select test_setup.setup_sourcing_test_data();

select test_setup.start(jsonb_build_object(
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object(
    'find', jsonb_build_object(
      'id', test_setup.id('extract companies'),
      'destination', jsonb_build_object(
        'webhook', '{"url": "https://client.test/find"}'::jsonb,
        'activity', jsonb_build_object('id', test_setup.id('enrich companies')))),
    'enrich', jsonb_build_object(
      'id', test_setup.id('enrich companies'),
      'setup', '{"config": {"phase": 2}}'::jsonb,
      'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('source people')))),
    'people', jsonb_build_object(
      'id', test_setup.id('source people'),
      'setup', '{"config": {"phase": 3}}'::jsonb))));

select is(test_setup.exchange('{"message": "no such index"}', 404), 1, 'the source knows nothing of it');
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich invalid:dependency_failed 1',
  'activity_request find failed:all_runs_failed 1',
  'activity_request people invalid:dependency_failed 1',
  'run_queue failed:http_404 1',
  'run_request failed:http_404 1',
  'delivery ready 2'], 'everything has ended, step by step');
select is((select error from run_queue), '{"code": "http_404", "message": "AlgOps Search answered with HTTP status 404."}'::jsonb,
  'the run says why');
select is((select error from run_request), (select error from run_queue), 'so does its HTTP request');
select is((select errors from activity_request where activity_key = 'people'), '[{
  "code": "dependency_failed",
  "path": "$.data.enrich",
  "found": "invalid",
  "message": "This activity takes the objects of enrich, which ended as invalid.",
  "hint": "Retry enrich, then this one."}]'::jsonb, 'an activity that cannot start names the one it waited for');
select is(
  (select array_agg(h.to_state || ': ' || h.reason order by h.seq) from etl_api.state_history as h
   where h.entity_id = (select id from run_queue) and h.reason is not null),
  array['failed: AlgOps Search answered with HTTP status 404.'], 'the reason stands in the history');
select is(
  (select array_agg(d.event_type || ' ' || (b.body #>> '{data,state}') || ' ' || coalesce(b.body #>> '{data,substate}', '')
     order by d.event_type) from delivery as d join delivery_body as b on b.delivery_id = d.id),
  array['activity_request.failed failed all_runs_failed', 'workflow_request.failed failed all_activities_failed'],
  'the client is told');
select is(test_setup.deliver(), 2, 'and has taken it');
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich invalid:dependency_failed 1',
  'activity_request find failed:all_runs_failed 1',
  'activity_request people invalid:dependency_failed 1',
  'run_queue failed:http_404 1',
  'run_request failed:http_404 1',
  'delivery delivered 2'], 'what failed stays failed when its message is delivered');

select * from finish();

select plan(9);

select test_setup.setup_enrichment_test_data();
create temporary table row as
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity'),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity', 'setup', '{"config": {"phase": 2}}'::jsonb)))) as id;
select count(test_setup.serve());
select is(test_setup.states(),
  '{"workflow_request failed:all_activities_failed 1","activity_request enrich failed:all_runs_failed 1","activity_request later failed:all_runs_failed 1","run_queue failed:http_404 4","run_request failed:http_404 4"}',
  'a third party that knows nothing');

set etl.fake_now = '2030-01-01 00:00:00Z';
select is(etl_api.retry(id) ->> 'state', 'in_progress', 'it is taken up again') from row;
select is(test_setup.states(),
  '{"workflow_request in_progress 1","activity_request enrich in_progress 1","activity_request later waiting:phase 1","run_queue ready 4","run_request failed:http_404 4"}',
  'the first phase runs, the second waits');
select is(
  (select (finished_at is null)::text || ' ' || timeout_at from public.workflow_request), 'true 2030-01-08 00:00:00+00',
  'the request has not ended and has its time again');
select is(
  (select (finished_at is null)::text || ' ' || timeout_at from public.activity_request where activity_key = 'enrich'), 'true 2030-01-02 00:00:00+00',
  'so has the activity');
select is_empty('select * from etl_api.check_state_sync() where entity <> ''activity_request''', 'parents and children agree');

insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select cmp_ok(test_setup.serve(), '>=', 2, 'now the third party answers');
select is(split_part(test_setup.state(id), ':', 1), 'done', 'and all is done') from row;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

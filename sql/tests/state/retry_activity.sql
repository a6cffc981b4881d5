-- What waited for it and was given up waits again.
select plan(6);

select test_setup.setup_enrichment_test_data();
insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich again'), test_setup.id('org acme'), 'Enrich again', 'enrichment', test_setup.id('company'), '{industry}');
create temporary table row as
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity',
      'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich again')))),
    'again', jsonb_build_object('id', test_setup.id('enrich again'), 'type', 'activity')))) as id;
select count(test_setup.serve());
select is(test_setup.states(),
  '{"workflow_request failed:all_activities_failed 1","activity_request again invalid:dependency_failed 1","activity_request enrich failed:all_runs_failed 1","run_queue failed:http_404 2","run_request failed:http_404 2"}',
  'one failed, the other given up');

select is(etl_api.retry(test_setup.activity()) - 'id',
  '{"entity": "activity_request", "state": "in_progress", "message": "The activity runs again."}', 'it is taken up again');
select is(test_setup.states(),
  '{"workflow_request in_progress 1","activity_request again waiting:dependency 1","activity_request enrich in_progress 1","run_queue ready 2","run_request failed:http_404 2"}',
  'the other waits for it');
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select cmp_ok(test_setup.serve(), '>=', 2, 'now the third party answers');
select is(
  array(
    select a.activity_key || ' ' || a.state from public.activity_request as a
    union all
    select 'workflow ' || w.state from public.workflow_request as w
    order by 1),
  '{"again done","enrich done","workflow done"}', 'and all is done');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

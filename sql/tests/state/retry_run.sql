select plan(7);

select test_setup.setup_enrichment_test_data();
create temporary table row as select test_setup.enrich('{a.test}') as id;
select count(test_setup.serve());
select is(test_setup.states(),
  '{"workflow_request failed:all_activities_failed 1","activity_request enrich failed:all_runs_failed 1","run_queue failed:http_404 2","run_request failed:http_404 2"}',
  'two runs failed');
create temporary table run as
select q.id from public.run_queue as q where q.source_id = test_setup.id('Company Register');

select is(etl_api.retry(id) - 'id',
  '{"entity": "run_queue", "state": "ready", "message": "The run will be sent to its source again."}', 'one is taken up again')
from run;
select is(test_setup.states(),
  '{"workflow_request in_progress 1","activity_request enrich in_progress 1","run_queue failed:http_404 1","run_queue ready 1","run_request failed:http_404 2"}',
  'and opens what is above it, not what is beside it');
select is(test_setup.outcome(format('select etl_api.retry(%L)', id)),
  format('ETL05 run_queue %s is ready: it cannot be retried | It is under way.', id), 'not twice')
from run;
insert into test_setup.reply (source, body)
values ('Company Register', '{"capital": {"raised": 1}}');
select is(test_setup.serve(), 1, 'it is sent again');
select is(test_setup.state(id), 'done:partial', 'and the request ends better than before') from row;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

-- A failed activity runs again while others go on: what it failed waits for it again, what was skipped or went on
-- without it stays as it is.
select plan(11);

select test_setup.graph('{
  "f": {"to": ["fx"]}, "fx": {"to": ["fy"]}, "fy": {},
  "s": {"to": ["sx"], "on_failure": "skip"}, "sx": {},
  "c": {"to": ["cx"], "on_failure": "continue"}, "cx": {}, "other": {}}');
select test_setup.settle('f', 404), test_setup.settle('s', 404), test_setup.settle('c', 404), test_setup.settle('cx');
select is(test_setup.nodes(),
  'c=failed:all_runs_failed cx=done f=failed:all_runs_failed fx=invalid:dependency_failed fy=invalid:dependency_failed other=in_progress s=failed:all_runs_failed sx=done:skipped',
  'three failures');
select etl_api.retry(test_setup.activity('f')), etl_api.retry(test_setup.activity('s')), etl_api.retry(test_setup.activity('c'));
select is(test_setup.nodes(),
  'c=in_progress cx=done f=in_progress fx=waiting:dependency fy=waiting:dependency other=in_progress s=in_progress sx=done:skipped',
  'each runs again; only what was failed with one waits again');
select test_setup.settle('f'), test_setup.settle('s'), test_setup.settle('c');
select test_setup.settle('fx');
select test_setup.settle('fy');
select test_setup.settle('other');
select is(test_setup.nodes(), 'c=done cx=done f=done fx=done fy=done other=done s=done sx=done:skipped', 'now they end well');
select is((select state || ':' || state_substate from workflow_request), 'done:partial', 'one part stays skipped');
delete from workflow_request;
delete from value;

-- One that went on without its predecessor and failed itself is started again, though the other stays failed.
select test_setup.graph('{"c": {"to": ["x"], "on_failure": "continue"}, "x": {}, "other": {}}');
select test_setup.settle('c', 404);
select test_setup.settle('x', 404);
select is(etl_api.retry(test_setup.activity('x')) ->> 'state', 'in_progress', 'retried by itself');
select test_setup.settle('x');
select is(test_setup.nodes(), 'c=failed:all_runs_failed other=in_progress x=done', 'it goes on without it again');
select etl_api.cancel(test_setup.activity('other'));
select is((select state || ':' || state_substate from workflow_request), 'done:partial', 'its result stands');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');
delete from workflow_request;
delete from value;

-- Two failed it: it waits again when the second of them is retried.
select test_setup.graph('{"p": {"to": ["x"]}, "q": {"to": ["x"]}, "x": {"webhook": {"url": "https://client.test/x"}}, "other": {}}');
select test_setup.settle('p', 404), test_setup.settle('q', 404);
select etl_api.retry(test_setup.activity('p'));
select is(test_setup.nodes(), 'other=in_progress p=in_progress q=failed:all_runs_failed x=invalid:dependency_failed', 'the other still fails it');
select etl_api.retry(test_setup.activity('q'));
select is(test_setup.nodes(), 'other=in_progress p=in_progress q=in_progress x=waiting:dependency', 'now none does');
select is((select count(*) from delivery where url like '%/x'), 1::bigint, 'its client was told once that it failed');

select * from finish();

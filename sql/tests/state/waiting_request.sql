-- A request that waits for its not_before: cancelled, retried, timed out.
select plan(11);
set etl.fake_now = '2026-05-01 10:00:00Z';

create temp table made as select test_setup.graph('{"a": {}}', '{"not_before": "2026-05-02"}') as id;
select is(test_setup.outcome(format('select etl_api.retry(%L)', id)),
  'ETL05 workflow_request ' || id || ' is waiting: it cannot be retried | It has not begun: it waits for its not_before.',
  'there is nothing to retry') from made;
select is(etl_api.cancel(id) ->> 'state', 'failed', 'it can be cancelled') from made;
select is(test_setup.history(id), '{new,valid,waiting:not_before,failed:cancelled}', 'and then has ended') from made;
select is((select array[d.event_type, b.body #>> '{data,substate}', b.body #>> '{data,activities}'] from delivery as d join delivery_body as b on b.delivery_id = d.id),
  '{workflow_request.failed,cancelled,[]}', 'the client is told');
set etl.fake_now = '2026-05-03';
select etl_api.recover();
select is(test_setup.state(id), 'failed:cancelled', 'it does not start') from made;

set etl.fake_now = '2026-05-01 11:00:00Z';
select is(etl_api.retry(id) ->> 'message', 'The request was validated again.', 'retried before its time') from made;
select is(test_setup.state(id), 'waiting:not_before', 'it waits again') from made;
select etl_api.cancel(id) from made;
set etl.fake_now = '2026-05-03';
select etl_api.retry(id) from made;
select is(test_setup.history(id),
  '{new,valid,waiting:not_before,failed:cancelled,new,valid,waiting:not_before,failed:cancelled,new,valid,ready,in_progress}',
  'retried after it, it starts') from made;
select is(test_setup.nodes(), 'a=in_progress', 'with what it names');
select test_setup.settle('a');
select is(test_setup.state(id), 'done', 'and is done') from made;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

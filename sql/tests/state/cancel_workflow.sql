select plan(8);

select test_setup.setup_enrichment_test_data();
create temporary table row as
select test_setup.start(jsonb_build_object(
  'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb,
  'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity'),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity', 'setup', '{"config": {"phase": 2}}'::jsonb)))) as id;
create temporary table sent as select * from test_setup.claim(1);

select is(etl_api.cancel(id) - 'id',
  '{"entity": "workflow_request", "state": "failed", "message": "The request and all of it that had not ended is cancelled."}',
  'it says what it did')
from row;
select is(test_setup.states(),
  '{"workflow_request failed:cancelled 1","activity_request enrich failed:cancelled 1","activity_request later failed:cancelled 1","run_queue failed:cancelled 4","run_request failed:cancelled 1","delivery ready 1"}',
  'nothing of it is open; its message is');
select is((select body #>> '{data,substate}' from public.delivery_body), 'cancelled', 'the client is told');
select is(test_setup.answer(run_request_id, '{"company": {"sector": "toys"}}'), 'already failed: nothing was changed', 'a late answer changes nothing')
from sent;
select is((select count(*) from public.value where source_id is not null), 0::bigint, 'not even a value');
select is((select count(*) from test_setup.claim()), 0::bigint, 'nothing more is sent');
select is(
  (select array_agg(distinct reason) from etl_api.state_history where substate = 'cancelled'), array['cancelled by ' || current_user],
  'the history says who');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

select plan(5);

select test_setup.setup_enrichment_test_data();
select isnt(test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}')::text, null, 'a request');
create temporary table sent as select * from test_setup.claim();

select is(etl_api.cancel(run_request_id) ->> 'state', 'failed', 'it is cancelled') from sent;
select is(test_setup.runs(), '{"a.test AlgOps API Client failed:cancelled","a.test Company Register waiting:allocation"}',
  'its run ends, and the next source is asked');
select is(test_setup.answer(run_request_id, '{"company": {}}'), 'already failed: nothing was changed', 'a late answer changes nothing')
from sent;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

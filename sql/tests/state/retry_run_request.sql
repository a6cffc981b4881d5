select plan(7);

select test_setup.setup_enrichment_test_data();
delete from public.source where id = test_setup.id('Company Register');
create temporary table row as select test_setup.enrich('{a.test}') as id;
select count(test_setup.serve());
create temporary table request as select r.id from public.run_request as r;
select is(test_setup.state(id), 'failed:http_404', 'a request that failed') from request;
select is(etl_api.retry(id) - 'id',
  '{"entity": "run_request", "state": "ready", "message": "The HTTP request will be sent again, its attempts counted anew."}', 'it is taken up again')
from request;
select is(test_setup.states(),
  '{"workflow_request in_progress 1","activity_request enrich in_progress 1","run_queue in_progress 1","run_request ready 1"}',
  'with its run and all above');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');
create temporary table sent as select * from test_setup.claim();
select is((select array_agg(run_request_id || ' ' || attempt) from sent), array[id || ' 1'], 'the same request, the first attempt') from request;
select is(test_setup.answer(id, '{"company": {"sector": "toys", "staff": {"count": 3}}}'), 'accepted', 'it is answered') from request;

select is(regexp_replace(test_setup.outcome(format('select etl_api.retry(%L)', id)), '^.* \| ', ''), 'It was answered.', 'an answered one is not')
from request;

select * from finish();

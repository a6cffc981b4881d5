select plan(8);

select test_setup.setup_enrichment_test_data();
update public.source
set max_objects_per_request = 10,
    run_request_template = '{"method": "POST", "url": "https://x.test", "body": "<<$objects>>"}';
select isnt(test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}')::text, null, 'a request');
create temporary table sent as select * from test_setup.claim();
create temporary table run as select q.id from public.run_queue as q order by q.id;

select is(etl_api.cancel(min(id::text)::uuid) ->> 'state', 'failed', 'one run of two') from run;
select is(test_setup.state(run_request_id), 'in_progress', 'the HTTP request goes on for the other') from sent;
select is(test_setup.answer(run_request_id, '{"companies": []}'), 'accepted', 'and is answered') from sent;
select is((select array_agg(state::text order by state) from public.run_queue), '{failed,done}', 'the cancelled one stays so');

select isnt(test_setup.enrich('{c.test}', '{"datapoints": ["industry"]}')::text, null, 'another request');
create temporary table sent_later as select * from test_setup.claim();
select is(
  (select etl_api.cancel(q.id) ->> 'state' from public.run_queue as q where q.state = 'in_progress')
    || ' ' || test_setup.state(run_request_id),
  'failed failed:cancelled', 'the last run of an HTTP request takes it along')
from sent_later;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();

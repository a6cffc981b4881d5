-- What was claimed and not sent is handed back: ready at once, the attempt not counted.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from etl_api.claim_run_requests('one', 10);

select is(etl_api.release_run_requests((
  select jsonb_agg(jsonb_build_object('run_request_id', run_request_id, 'lease_token', gen_random_uuid())) from claimed)), 0,
  'without the lease: nothing');
select is(etl_api.release_run_requests('[null, 1, {"run_request_id": "x"}, {}]'), 0, 'no leases: nothing');
select throws_ok($$select etl_api.release_run_requests('{}')$$, 'ETL04', 'leases is object: it must be an array', 'not a list');
select is(etl_api.release_run_requests((
  select jsonb_agg(jsonb_build_object('run_request_id', run_request_id, 'lease_token', lease_token)) from claimed)), 2, 'with the lease: both');
select is((select array_agg(state || ':' || state_substate || ' ' || attempts || ' ' || coalesce(lease_token::text, 'no lease')) from run_request),
  array['ready:released 0 no lease', 'ready:released 0 no lease'], 'they are ready and nobody''s');
select is(etl_api.release_run_requests((
  select jsonb_agg(jsonb_build_object('run_request_id', run_request_id, 'lease_token', lease_token)) from claimed)), 0, 'a second time: nothing');
select is((select array_agg(attempt) from test_setup.claim()), '{1,1}', 'claimed again it is still the first attempt');
select is((select array_agg(distinct test_setup.history(id)::text) from run_request),
  array['{new,valid,ready,in_progress,ready:released,in_progress}'], 'the history shows it');

set etl.fake_now = '2026-05-01 11:00:00Z';
select is(etl_api.release_run_requests((
  select jsonb_agg(jsonb_build_object('run_request_id', id, 'lease_token', lease_token)) from run_request)), 0, 'an expired lease: nothing');

select * from finish();

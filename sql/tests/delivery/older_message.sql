-- An activity that failed, was retried and is done has told of both; what became of the older message no longer counts.
select plan(6);

select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
    'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

create function pg_temp.client_says(status int) returns text language sql as $$
  select string_agg(d.event_type || ' ' || c.accepted, ', ')
  from etl_api.claim_deliveries('one', 10) as d
  cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', d.delivery_id, 'lease_token', d.lease_token, 'status', status))) as c
$$;

select is((select test_setup.answer(c.run_request_id, '{}', 404) from test_setup.claim(10) as c), 'accepted', 'the only source says 404');
select is(pg_temp.client_says(410), 'activity_request.failed true', 'the client wants no message');
select is((select state::text from workflow_request), 'failed', 'the request has failed');

-- Which message is the later one is told by their times.
select set_config('etl.fake_now', (now() + interval '1 minute')::text, false);
select * from etl_api.retry((select id from activity_request));
select is((select test_setup.answer(c.run_request_id, '{"company": {"sector": "anvils"}}', 200) from test_setup.claim(10) as c), 'accepted',
  'tried again, the source answers');
select is(pg_temp.client_says(200), 'activity_request.done true', 'the client takes the new message');
select is(
  (select array_agg(state || coalesce(':' || state_substate, '') order by 1)
   from (
     select state::text, state_substate from activity_request
     union all
     select state::text, state_substate from workflow_request) as s),
  '{delivered,delivered}', 'all is delivered, though the older message never was');

select * from finish();

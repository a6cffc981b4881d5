-- Copies and states: a copy under way neither holds up nor spoils what is told of the workflow.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": []}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object('a', jsonb_build_object('id', test_setup.id('enrich companies'),
    'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb))));
create function pg_temp.client_says(path text, status int) returns bigint language sql as $$
  select count(*)
  from (select jsonb_agg(to_jsonb(d)) as claimed from etl_api.claim_deliveries('one', 10) as d) as c
  cross join lateral jsonb_to_recordset(claimed) as d (delivery_id uuid, lease_token uuid, url text)
  cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', d.delivery_id, 'lease_token', d.lease_token,
    'status', case when d.url like '%' || path then status else 200 end))) as done
  where done.accepted
$$;
select is(pg_temp.client_says('/all', 500), 2::bigint, 'the message of the activity is taken, that of the whole is not');
select is(jsonb_array_length(etl_api.redeliver(id) -> 'delivery_ids'), 1, 'the activity''s is sent again') from activity_request;
select is(pg_temp.client_says('/a', 410), 1::bigint, 'and refused this time');
select is(test_setup.states(),
  array['workflow_request done 1', 'activity_request a delivered:no_objects 1', 'delivery delivered 1', 'delivery failed:http_410 1', 'delivery waiting:backoff 1'],
  'the workflow waits for its own message; no delivery has failed for it');
select is(etl_api.redeliver(id) ->> 'message', 'The message is sent again at once. The message was delivered before; it is sent once more under the same webhook-id.',
  'all of the workflow is sent again') from workflow_request;
select is(pg_temp.client_says('/none', 200), 2::bigint, 'and taken');
select is((select array_agg(test_setup.state(id)) from workflow_request), '{delivered}', 'the workflow is delivered');

select * from finish();

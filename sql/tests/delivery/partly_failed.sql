-- One message taken, one refused for good: the workflow is done, and says that a delivery failed.
select plan(3);

select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": []}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object('a', jsonb_build_object('id', test_setup.id('enrich companies'),
    'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb))));
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is(
  (select count(*) from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', claimed.delivery_id, 'lease_token', claimed.lease_token,
    'status', case when url like '%/a' then 200 else 410 end))) as c where c.accepted), 2::bigint, 'one 200, one 410');
select is(test_setup.states(), array[
  'workflow_request done:delivery_failed 1', 'activity_request a delivered:no_objects 1', 'delivery delivered 1', 'delivery failed:http_410 1'],
  'the activity is delivered, the workflow is not');
select is((select count(*) from webhook_endpoint where disabled_at is not null), 0::bigint, 'no endpoint was concerned');

select * from finish();

-- A message that is being sent when it is cancelled: what the client says of it changes nothing.
select plan(5);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/hook"}');
create temporary table sent as select * from etl_api.claim_deliveries('one', 10);
select is(etl_api.cancel(delivery_id) ->> 'state', 'failed', 'it is cancelled') from sent;
create temporary table before as select test_setup.fingerprint() as work;
select is((select c.message from sent cross join lateral etl_api.complete_deliveries(jsonb_build_array(
    jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 200))) as c),
  'already failed: nothing was changed', 'what the client said comes too late');
select is((select etl_api.release_deliveries(jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token))) from sent),
  0, 'so does a hand-back');
select is(test_setup.fingerprint(), work, 'nothing was changed') from before;
select is(test_setup.states(),
  array['workflow_request done:delivery_failed 1', 'activity_request enrich done:delivery_failed 1', 'delivery failed:cancelled 1'], 'it stays cancelled');

select * from finish();

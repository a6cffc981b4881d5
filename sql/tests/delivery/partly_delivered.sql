-- A workflow is delivered when every message of it and of its activities is.
select plan(5);

select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": []}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object(
    'a', jsonb_build_object('id', test_setup.id('enrich companies'), 'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb),
    'b', jsonb_build_object('id', test_setup.id('enrich companies')))));
select is((select array_agg(event_type || ' ' || url order by url) from delivery), array[
  'activity_request.done https://client.test/a', 'workflow_request.done https://client.test/all'], 'two messages');
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
create function pg_temp.deliver(to_url text) returns boolean language sql as $$
  select c.accepted from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(
    jsonb_build_object('delivery_id', claimed.delivery_id, 'lease_token', claimed.lease_token, 'status', 200))) as c
  where claimed.url = to_url
$$;
select is(pg_temp.deliver('https://client.test/all'), true, 'the message of the whole is delivered');
select is(test_setup.states(), array[
  'workflow_request done 1', 'activity_request a done:no_objects 1', 'activity_request b done:no_objects 1', 'delivery delivered 1', 'delivery in_progress 1'],
  'the workflow waits for the other');
select is(pg_temp.deliver('https://client.test/a'), true, 'then that one');
select is(test_setup.states(), array[
  'workflow_request delivered 1', 'activity_request a delivered:no_objects 1', 'activity_request b done:no_objects 1', 'delivery delivered 2'],
  'and the workflow is delivered');

select * from finish();

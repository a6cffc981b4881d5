-- What goes to a disabled endpoint waits, the old and the new, and goes on when it is in use again, in the order in which
-- it was made. An endpoint that does not want an event gets no message of it.
select plan(19);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, event_types, disabled_at)
values
  (test_setup.id('wants done'), test_setup.id('org acme'), 'https://client.test/done', '{activity_request.done}', null),
  (test_setup.id('wants failed'), test_setup.id('org acme'), 'https://client.test/failed', '{activity_request.failed,workflow_request.failed}', null),
  (test_setup.id('off'), test_setup.id('org acme'), 'https://client.test/off', null, null);
create function pg_temp.told(endpoint text) returns text[] language sql as $$
  select array(select event_type || ' ' || url from delivery
    where endpoint_id = test_setup.id(endpoint) order by event_type)
$$;

select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('wants done')));
select is(pg_temp.told('wants done'), array['activity_request.done https://client.test/done'], 'the event it wants');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('wants failed')));
select is(pg_temp.told('wants failed'), '{}', 'not one it does not want');
select is(test_setup.deliver(), 1, 'it arrives');

-- One that waits for its next attempt, one that is under way, one that is to be sent, one that is still to be made.
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('off')));
select is(test_setup.deliver(400), 1, 'the client refuses the first');
set etl.fake_now = '2026-05-01 10:00:01Z';
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('off')));
create temp table under_way as select * from etl_api.claim_deliveries('one', 10);
select is((select count(*) from under_way), 1::bigint, 'the second is under way');
set etl.fake_now = '2026-05-01 10:00:02Z';
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('off')));
set etl.fake_now = '2026-05-01 10:00:03Z';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('off')));
update webhook_endpoint set disabled_at = utils.now() where id = test_setup.id('off');
create function pg_temp.states() returns text[] language sql as $$
  select array_agg(concat_ws(':', state, state_substate) || ' ' || due_at order by created_at)
  from delivery where endpoint_id = test_setup.id('off')
$$;
select is(pg_temp.states(), array['waiting:endpoint_disabled infinity', 'in_progress 2026-05-01 10:00:01+00', 'waiting:endpoint_disabled infinity'],
  'what is not under way is put aside');
set etl.fake_now = '2026-05-01 10:00:04Z';
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is(cardinality(pg_temp.told('off')), 4, 'what is made now waits too');
select is((select c.accepted from under_way cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
  'delivery_id', delivery_id, 'lease_token', lease_token, 'status', 400))) as c), true, 'the one under way fails');
set etl.fake_now = '2026-05-01 12:00:00Z';
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('off')));
select is((select array_agg(distinct state::text) from workflow_request where errors is not null), null, 'a request may name it');
select is(test_setup.deliver(), 0, 'nothing is sent');
select is(pg_temp.states(), array_fill('waiting:endpoint_disabled infinity'::text, array[5]), 'and all have been put aside, by the claim that met the last');
select is((select array_agg(held || ' of ' || waiting) from etl_api.delivery_health where endpoint_id = test_setup.id('off')), '{"5 of 5"}', 'shown so');
select is(array(select e from (select id from delivery where endpoint_id = test_setup.id('off') order by created_at limit 1) as d, etl_api.explain(d.id) as e), array[
  'The message activity_request.done to https://client.test/off is waiting (endpoint_disabled) since 2026-05-01 10:00:03 UTC: its endpoint is disabled, and it goes on when that is in use again – The client answered with HTTP status 400.',
  'Its endpoint is disabled: set webhook_endpoint.disabled_at to null before it is sent again.',
  'Set webhook_endpoint.disabled_at to null once the endpoint can take messages.'], 'and explained so');
select is(array(select e from (select workflow_request_id as id from delivery where endpoint_id = test_setup.id('off') order by created_at desc limit 1) as d, etl_api.explain(d.id) as e where e ~ 'message'), array[
  '1 message waits until its endpoint is in use again: set webhook_endpoint.disabled_at to null.'], 'that of its request, too');
select is(array(select distinct state::text from workflow_request order by 1), '{delivered,done}', 'the work is done all the same');

update webhook_endpoint set disabled_at = null where id = test_setup.id('off');
select is(pg_temp.states(), array['ready 2026-05-01 12:00:00+00', 'ready 2026-05-01 12:00:00.01+00', 'ready 2026-05-01 12:00:00.02+00', 'ready 2026-05-01 12:00:00.03+00', 'ready 2026-05-01 12:00:00.04+00'],
  'in use again, all go on, one after the other');
set etl.fake_now = '2026-05-01 12:00:01Z';
select is(test_setup.deliver(), 5, 'nothing is lost');
select is((select array_agg(distinct state::text) from delivery), '{delivered}', 'all is delivered');
select is((select count(*) from etl_api.check_state_sync()), 0::bigint, 'and all states agree');

select * from finish();

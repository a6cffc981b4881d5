-- What clients said to attempts that failed is kept, and the beginning of the last answer; a success writes no row.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/hook"}');
create function pg_temp.client_says(result jsonb) returns boolean language sql as $$
  select c.accepted
  from (select jsonb_agg(to_jsonb(d)) -> 0 as claimed from etl_api.claim_deliveries('one', 10) as d) as one
  cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', claimed -> 'delivery_id', 'lease_token', claimed -> 'lease_token') || result)) as c
$$;

select is(pg_temp.client_says('{"status": 500, "body_text": "no room: table full", "duration_ms": 120}'), true, 'the client fails');
select is((select response from delivery), 'no room: table full', 'its answer is kept with the message');
set etl.fake_now = '2026-05-01 10:00:10Z';
select is(pg_temp.client_says('{"error": {"kind": "timeout", "message": "no complete answer within 15000 ms"}, "duration_ms": 15000}'), true, 'then says nothing');
select is((select response from delivery), null, 'which is kept too');
set etl.fake_now = '2026-05-01 10:10:00Z';
select count(*) from etl_api.claim_deliveries('lost', 10);
set etl.fake_now = '2026-05-01 10:20:00Z';
select etl_api.recover();
select is(pg_temp.client_says(jsonb_build_object('status', 302, 'body_text', repeat('x', 5000))), true, 'then leads elsewhere');
set etl.fake_now = '2026-05-01 13:00:00Z';
select is(pg_temp.client_says('{"status": 200, "body_text": "thanks"}'), true, 'then takes it');
select is((select response from delivery), 'thanks', 'with what it said');
select results_eq(
  $$select attempt, at, code, message, http_status, left(response, 20), length(response), duration_ms from delivery_attempt order by id$$,
  $$values
    (1, '2026-05-01 10:00:00Z'::timestamptz, 'http_500', 'The client answered with HTTP status 500.', 500, 'no room: table full', 19, 120),
    (2, '2026-05-01 10:00:10Z', 'timeout', 'no complete answer within 15000 ms', null, null, null, 15000),
    (3, '2026-05-01 10:20:00Z', 'lease_expired', 'Nothing was heard of it before its lease ended; it may have been sent.', null, null, null, null),
    (4, '2026-05-01 10:20:00Z', 'http_302', 'The client answered with HTTP status 302; redirects are not followed, so give the address it leads to.', 302, repeat('x', 20), 1024, null)$$,
  'every attempt that failed, and none that did not');

select test_setup.enrich('{}', '{}', '{"url": "https://client.test/good"}');
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/bad"}');
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select count(*) from claimed), 2::bigint, 'two at once');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token,
  'status', case when url ~ 'good' then 200 else 500 end))) from claimed;
select is((select array_agg(d.url) from delivery_attempt as a join delivery as d on d.id = a.delivery_id where d.url !~ 'hook'), '{https://client.test/bad}',
  'of two reported together, only the one that failed');
delete from workflow_request;
select is((select count(*) from delivery_attempt), 0::bigint, 'they go with their message');

select * from finish();

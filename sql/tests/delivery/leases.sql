-- Only the holder of a living lease may report what the client said; garbage is told what it is.
select plan(17);

set etl.fake_now = '2026-05-01 10:00:00Z';
select throws_ok($$select * from etl_api.claim_deliveries('', 10)$$, 'ETL04', null, 'a claim needs a worker');
select throws_ok($$select * from etl_api.claim_deliveries('w', 1001)$$, 'ETL04',
  'max_deliveries is 1001: it must be between 1 and 1000', 'and a size');
select throws_ok($$select * from etl_api.complete_deliveries('7')$$, 'ETL04', 'results is number: it must be an array', 'results are a list');
select throws_ok($$select * from etl_api.release_deliveries(null)$$, 'ETL04', 'leases is null: it must be an array', 'so are leases');

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/1"}');
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/2"}');
select is((select count(*) from etl_api.claim_deliveries('one', 1)), 1::bigint, 'one when one is asked for');
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select count(*) from claimed), 1::bigint, 'then the other');
create temp table before as select test_setup.fingerprint() as text;
create function pg_temp.report(result jsonb) returns text language sql as $$
  select coalesce(c.message, 'accepted') from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(
    jsonb_build_object('delivery_id', claimed.delivery_id, 'lease_token', claimed.lease_token, 'status', 200) || result)) as c
$$;

select is(pg_temp.report(jsonb_build_object('lease_token', gen_random_uuid())), 'the lease is lost: nothing was changed', 'a wrong token');
select is(pg_temp.report(jsonb_build_object('delivery_id', gen_random_uuid())), 'no such delivery', 'an unknown id');
select is(
  (select array_agg(distinct message) from etl_api.complete_deliveries('[null, 1, "x", {}, {"delivery_id": [1]}]')),
  array['not a result: delivery_id is missing or not a UUID'], 'garbage');
set etl.fake_now = '2026-05-01 10:01:15Z';
select is(pg_temp.report('{}'), 'the lease is lost: nothing was changed', 'too late');
select is(etl_api.release_deliveries((select jsonb_agg(to_jsonb(c)) from claimed as c)), 0, 'too late to hand it back, too');
select is(test_setup.fingerprint(), (select text from before), 'nothing was changed');

set etl.fake_now = '2026-05-01 10:01:14Z';
select is(etl_api.release_deliveries((select jsonb_agg(to_jsonb(c)) from claimed as c)), 1, 'handed back in time');
select is((select state || ':' || state_substate || ' ' || attempts from delivery where state = 'ready'), 'ready:released 0', 'it is ready and the attempt not counted');
delete from claimed;
insert into claimed select * from etl_api.claim_deliveries('one', 10);
select is(pg_temp.report('{"status": 1e20}'), 'accepted', 'a status that is none counts as no answer');
select is((select error ->> 'code' from delivery where state = 'waiting'), 'network', 'and is tried again');
select is(pg_temp.report('{}'), 'already waiting: nothing was changed', 'a second report changes nothing');

select * from finish();

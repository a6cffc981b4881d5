-- Where an endpoint or a tenant wants it, messages go one after the other, and one that failed holds up those behind it.
select plan(28);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, ordered, schedule_seconds)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/ordered', true, '[5, 60]');
create function pg_temp.request(at timestamptz, webhook jsonb default jsonb_build_object('endpoint', test_setup.id('endpoint'))) returns uuid
language sql as $$
  select set_config('etl.fake_now', at::text, false);
  select test_setup.enrich('{}', '{}', webhook)
$$;
create temp table claimed (delivery_id uuid, lease_token uuid, created_at timestamptz);
-- What is claimed, by the minute in which it was made.
create function pg_temp.claim() returns text language plpgsql as $$
begin
  truncate claimed;
  insert into claimed
  select c.delivery_id, c.lease_token, null from etl_api.claim_deliveries('one', 10) as c;
  update claimed set created_at = d.created_at from delivery as d where d.id = claimed.delivery_id;
  return (select string_agg(to_char(created_at at time zone 'UTC', 'MI'), ' ' order by created_at) from claimed);
end
$$;
create function pg_temp.answer(status int) returns boolean language sql as $$
  select c.accepted from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', delivery_id, 'lease_token', lease_token, 'status', status))) as c
$$;
select pg_temp.request('2026-05-01 10:01:00Z');
select pg_temp.request('2026-05-01 10:02:00Z');
select pg_temp.request('2026-05-01 10:03:00Z');
select pg_temp.request('2026-05-01 10:04:00Z');
set etl.fake_now = '2026-05-01 10:10:00Z';

select is(pg_temp.claim(), '01', 'the oldest alone');
create temp table mine as select * from claimed;
select is(pg_temp.claim(), null, 'nothing while it is under way');
delete from claimed; insert into claimed select * from mine;
select is(pg_temp.answer(200), true, 'it is taken');
select is(pg_temp.claim(), '02', 'the next one');
select is(pg_temp.answer(500), true, 'which fails');
select is(pg_temp.claim(), null, 'nothing goes before its next attempt');
select is((select e from (select id from delivery where created_at = '2026-05-01 10:03:00Z') as d, etl_api.explain(d.id) as e where e ~ 'after the other'),
  (select format('Messages go there one after the other, and message %s goes first: etl_api.explain(%L).', id, id) from delivery where created_at = '2026-05-01 10:02:00Z'),
  'explain tells what the others wait for');
set etl.fake_now = '2026-05-01 10:10:06Z';
select is(pg_temp.claim(), '02', 'then it goes again');
select is(etl_api.release_deliveries((select jsonb_agg(to_jsonb(c)) from claimed as c)), 1, 'handed back by its worker');
select is(pg_temp.claim(), '02', 'it is still the first');
set etl.fake_now = '2026-05-01 10:20:00Z';
select etl_api.recover();
select is(pg_temp.claim(), '02', 'and when nothing was heard of its worker');
select is(pg_temp.answer(500), true, 'its last attempt fails');
select is((select concat_ws(':', state, state_substate) from delivery where created_at = '2026-05-01 10:02:00Z'), 'failed:attempts_exhausted', 'given up');
select is(pg_temp.claim(), '03', 'then the others go on');
set etl.fake_now = '2026-05-01 10:20:01Z';
select is(etl_api.release_deliveries((select jsonb_agg(to_jsonb(c)) from claimed as c)), 1, 'one that was never tried, handed back');
select is(pg_temp.claim(), '03', 'goes before what came after it');
select is(pg_temp.answer(200), true, 'one');
select is(pg_temp.claim() || ' ' || pg_temp.answer(200), '04 true', 'after the other');

-- As all its tenant's addresses; activity before the whole, though one transaction wrote both.
update org set settings = '{"ordered_deliveries": true}' where id = test_setup.id('org acme');
set etl.fake_now = '2026-05-01 11:00:00Z';
select test_setup.start(jsonb_build_object(
  'input', '{"companies": []}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object('a', jsonb_build_object('id', test_setup.id('enrich companies'),
    'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb))));
select test_setup.enrich('{}', '{}', '{"url": "https://other.test/"}');
create temp table both_claimed as select c.* from etl_api.claim_deliveries('one', 10) as c;
select is((select array_agg(url order by url) from both_claimed), '{https://client.test/a,https://other.test/}',
  'each of its addresses by itself, the activity before the whole');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 200))) from both_claimed;
select is((select array_agg(url) from etl_api.claim_deliveries('one', 10)), '{https://client.test/all}', 'then the whole');

-- One that failed holds up those behind it there, too, though they are due before it.
select pg_temp.request('2026-05-01 11:01:00Z', '{"url": "https://later.test/"}');
select pg_temp.request('2026-05-01 11:02:00Z', '{"url": "https://later.test/"}');
set etl.fake_now = '2026-05-01 11:10:00Z';
select is(pg_temp.claim(), '01', 'of two to another address the oldest');
select is(pg_temp.answer(500), true, 'which fails');
select is(pg_temp.claim(), null, 'the other waits for it');
set etl.fake_now = '2026-05-01 11:10:06Z';
select is(pg_temp.claim() || ' ' || pg_temp.answer(200), '01 true', 'it goes again');
select is(pg_temp.claim() || ' ' || pg_temp.answer(200), '02 true', 'then the other');

select throws_ok($$update org set settings = '{"ordered_deliveries": 1}'$$, 'ETL07', null, 'it is true or false');
select is((select array_agg(ordered) from etl_api.delivery_health where org_id = test_setup.id('org acme')), '{t,t,t,t}', 'shown so');
update org set settings = '{}' where id = test_setup.id('org acme');
select is((select count(*) from etl_api.delivery_lane), 0::bigint, 'what was known of its lanes held for that order');

select * from finish();

-- How much an address may have under way: it begins small, grows with what it takes, is cut when it does not answer, and
-- holds up nobody else.
select plan(24);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
-- So many messages to a URL, as if requests had ended.
create function pg_temp.tell(url text, number int, org text default 'org acme') returns int language sql as $$
  select etl_api.queue_messages(array_agg(test_setup.id(org)), array_agg(null::uuid), array_agg(null::uuid),
    array_agg(jsonb_build_object('url', url)), array_agg('test.event'::text), array_agg(jsonb_build_object('n', n)))
  from generate_series(1, number) as n
$$;
create temp table claimed (delivery_id uuid, lease_token uuid, url text);
create function pg_temp.claim(most int default 1000) returns text[] language plpgsql as $$
begin
  insert into claimed select c.delivery_id, c.lease_token, c.url from etl_api.claim_deliveries('one', most) as c;
  return array(select url || ' ' || count(*) from claimed group by url order by url);
end
$$;
create function pg_temp.answer(result jsonb, most int default 1000) returns bigint language plpgsql as $$
declare
  results jsonb;
begin
  with answered as (
    delete from claimed where delivery_id in (select c.delivery_id from claimed as c order by c.delivery_id limit most)
    returning delivery_id, lease_token
  )
  select jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token) || result) into results from answered;
  return (select count(*) from etl_api.complete_deliveries(results) as c where c.accepted);
end
$$;
create function pg_temp.at_once(url text) returns text language sql as $$
  select coalesce((select coalesce(at_once::text, 'no limit') from etl_api.delivery_lane where lane = etl_api.lane_of(test_setup.id('org acme'), url)), 'nothing known')
$$;
create temp table no_answer as select '{"error": {"kind": "timeout", "message": "no answer"}, "duration_ms": 15000}'::jsonb as result;

-- A few: nothing is learnt, and nothing is written.
select pg_temp.tell('https://few.test/', 5);
select is(pg_temp.claim(), '{"https://few.test/ 5"}', 'a few go at once');
select pg_temp.answer('{"status": 200, "duration_ms": 50}');
select is((select count(*) from etl_api.delivery_lane), 0::bigint, 'and leave no row');

-- Many, to one that is well.
select pg_temp.tell('https://well.test/', 700);
select is(pg_temp.claim(), '{"https://well.test/ 20"}', 'of many to an address nobody knows, 20');
select is(pg_temp.claim(), '{"https://well.test/ 20"}', 'and no more while they are under way');
select is(pg_temp.answer('{"status": 200, "duration_ms": 50}', 8), 8::bigint, 'some are taken');
select is(pg_temp.claim(), '{"https://well.test/ 40"}', 'then twice as many may be under way');
select pg_temp.answer('{"status": 200, "duration_ms": 50}');
select is(pg_temp.claim(), '{"https://well.test/ 80"}', 'and twice as many again');
select pg_temp.answer('{"status": 200, "duration_ms": 50}');
select is(pg_temp.claim(), '{"https://well.test/ 160"}', 'and again');
select pg_temp.answer('{"status": 200, "duration_ms": 50}');
select is(pg_temp.at_once('https://well.test/'), 'no limit', 'then there is no limit');
select is(pg_temp.claim(), '{"https://well.test/ 412"}', 'all the rest goes at once');
select pg_temp.answer('{"status": 404, "duration_ms": 50}');
select is(pg_temp.at_once('https://well.test/'), 'no limit', 'that it refuses some tells nothing of how much it can take');

-- A dead one, and one behind it.
select pg_temp.tell('https://dead.test/', 2000);
set etl.fake_now = '2026-05-01 10:00:01Z';
select pg_temp.tell('https://live.test/', 3);
select is(pg_temp.claim(), '{"https://dead.test/ 20","https://live.test/ 3"}', 'what is queued behind 2,000 messages goes at once');
delete from claimed where url ~ 'live';
select pg_temp.answer(result) from no_answer;
select is(pg_temp.at_once('https://dead.test/'), '5', 'no answer: a quarter');
select pg_temp.claim();
select pg_temp.answer(result) from no_answer;
select is(pg_temp.at_once('https://dead.test/'), '1', 'none again: one at a time');
select is(pg_temp.claim(), '{"https://dead.test/ 1"}', 'is tried');
select pg_temp.tell('https://live.test/', 3);
select is(pg_temp.claim(2), '{"https://dead.test/ 1","https://live.test/ 2"}', 'others go on, however little is claimed');
select pg_temp.tell('https://well.test/', 30);
select pg_temp.tell('https://well.test/', 30, 'org other');
select is(pg_temp.claim(), '{"https://dead.test/ 1","https://live.test/ 3","https://well.test/ 50"}',
  'known well: all; the same host of another tenant is another address: 20');
delete from claimed where url !~ 'dead';
select pg_temp.answer('{"status": 200, "duration_ms": 900}');
select is(pg_temp.at_once('https://dead.test/'), '2', 'it answers again: two');
select pg_temp.claim();
select pg_temp.answer('{"status": 200, "duration_ms": 900}');
select is(pg_temp.at_once('https://dead.test/'), '4', 'four');

-- A slow one keeps to what it began with.
select pg_temp.tell('https://slow.test/', 700);
select pg_temp.claim();
delete from claimed where url !~ 'slow';
select pg_temp.answer('{"status": 200, "duration_ms": 5000}');
select is(pg_temp.at_once('https://slow.test/'), '20', 'what takes long gets no more');
update etl_api.delivery_lane set at_once = null where lane = etl_api.lane_of(test_setup.id('org acme'), 'https://slow.test/');
select pg_temp.claim();
delete from claimed where url !~ 'slow';
select is((select count(*) from claimed), 680::bigint, 'no limit');
select pg_temp.answer('{"status": 200, "duration_ms": 5000}', 200);
select is(pg_temp.at_once('https://slow.test/'), '20', 'what becomes slow is cut back to that');

-- Messages older than lanes.
delete from claimed;
insert into delivery (org_id, url, secret_name, event_type, state, state_via, due_at)
select test_setup.id('org acme'), 'https://old.test/', 'webhook', 'test.event', 'ready', '{new,valid}', '2026-05-01 09:00:00Z' from generate_series(1, 50);
insert into delivery_body (delivery_id, org_id, body) select id, org_id, '{}' from delivery where url ~ 'old';
select pg_temp.claim();
delete from claimed where url !~ 'old';
select is((select count(*) from claimed), 50::bigint, 'messages older than lanes have no limit');
select pg_temp.answer(result) from no_answer;
select is((select array_agg(distinct lane) from delivery where url ~ 'old'), array[etl_api.lane_of(test_setup.id('org acme'), 'https://old.test/')],
  'and find theirs when they fail');

select * from finish();

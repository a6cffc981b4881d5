-- Headers and schedules of endpoints are valid when they are written.
select plan(29);

select test_setup.setup_enrichment_test_data();
create function pg_temp.headers(headers jsonb) returns text language sql as $$
  select test_setup.outcome(format('insert into public.webhook_endpoint (id, org_id, url, headers) values (%L, %L, ''https://client.test/'', %L)',
    test_setup.id('endpoint'), test_setup.id('org acme'), headers))
$$;
select matches(pg_temp.headers(headers::jsonb), format('^ETL07 webhook_endpoint %s: headers: %s', test_setup.id('endpoint'), fault), fault)
from (values
  ('[]', 'is an object of names and texts'),
  ('{"": "x"}', '"" is no name of a header'),
  ('{"a b": "x"}', '"a b" is no name of a header'),
  ('{"Host": "x"}', '"Host" is not for an endpoint to set'),
  ('{"webhook-id": "x"}', '"webhook-id" is not for an endpoint to set'),
  ('{"Content-Type": "x"}', '"Content-Type" is not for an endpoint to set'),
  ('{"transfer-encoding": "x"}', '"transfer-encoding" is not for an endpoint to set'),
  ('{"a": 1}', '"a" is not a text'),
  ('{"a": "x\r\nb: y"}', '"a" holds characters that a header cannot'),
  ('{"a": "ä"}', '"a" holds characters that a header cannot'),
  ('{"a": "x", "A": "y"}', '"A" is there twice')) as t (headers, fault);
select matches(pg_temp.headers((select jsonb_object_agg('h' || n, 'x') from generate_series(1, 21) as n)), 'has more than 20', 'not too many');
select matches(pg_temp.headers(jsonb_build_object('a', repeat('x', 9000))), 'has more than 8,192', 'nor too large');

create function pg_temp.schedule(schedule jsonb) returns text language sql as $$
  select test_setup.outcome(format('insert into public.webhook_endpoint (org_id, url, schedule_seconds) values (%L, ''https://client.test/'', %L)',
    test_setup.id('org acme'), schedule))
$$;
select matches(pg_temp.schedule(schedule::jsonb), 'ETL07 .*schedule_seconds: ' || fault, fault)
from (values
  ('5', 'is a list of at most 50 numbers'),
  ('[0]', '0 is not a number of seconds from 1 to 864000'),
  ('[5, "x"]', '"x" is not a number of seconds'),
  ('[5, 864001]', '864001 is not a number of seconds')) as t (schedule, fault);

-- Addresses are those a request may name; a password in one would lie there for all to read, and is not repeated.
select is(test_setup.outcome(format('insert into public.webhook_endpoint (id, org_id, url) values (%L, %L, %L)', test_setup.id('endpoint'), test_setup.id('org acme'), url)),
  format('ETL07 webhook_endpoint %s: url: it is an http or https address without user, password and spaces; this is none', test_setup.id('endpoint'))
    || ' | Give an address such as "https://client.example/hook". What it asks for to let messages in goes into headers, as <<$secret.NAME>>.', url)
from (values ('https://me:pass@client.test/'), ('https://me@client.test/'), ('file:///etc/passwd'), ('https:///hook'), ('https://client.test/my hook'), ('https://client.test:99999/')) as t (url);

insert into webhook_endpoint (id, org_id, url, headers, schedule_seconds)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/', '{"Authorization": "Bearer <<$secret.TOKEN>>"}', '[60]');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
set etl.fake_now = '2030-05-01 10:00:00Z';
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select headers from claimed), '{"Authorization": "Bearer <<$secret.TOKEN>>"}', 'its headers come with the message, secrets by their names');
select etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 500))) from claimed;
select ok(due_at between '2030-05-01 10:01:00Z' and '2030-05-01 10:01:06Z', 'its own schedule') from delivery;
set etl.fake_now = '2030-05-01 10:02:00Z';
select test_setup.deliver(500);
select is((select state_substate from delivery), 'attempts_exhausted', 'to its end');
update webhook_endpoint set schedule_seconds = null where id = test_setup.id('endpoint');
select etl_api.redeliver(id) from delivery;
select test_setup.deliver(500);
select ok(due_at between '2030-05-01 10:02:05Z' and '2030-05-01 10:02:06Z', 'without one, that of the engine') from delivery;
select lives_ok($$update webhook_endpoint set schedule_seconds = '[]'$$, 'none at all: one attempt');
set session_replication_role = replica;
update webhook_endpoint set url = 'https://me:pass@client.test/';
set session_replication_role = origin;
select lives_ok($$update webhook_endpoint set failing_since = now(), description = 'old'$$, 'one from before there was this rule is changed otherwise all the same');

select * from finish();

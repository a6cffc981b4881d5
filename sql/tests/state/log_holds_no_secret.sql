-- Requests with secrets, and third parties that say much: neither placeholders nor headers reach the log.
select plan(3);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.setup_enrichment_test_data();
update public.org set settings = '{"log_level": "debug"}';
update public.source
set run_request_template = run_request_template
      || '{"url": "https://user:<<$secret.IN_URL>>@api.test/<<$object.domain>>?key=<<$secret.IN_URL>>",
           "query": {"key": "<<$secret.IN_QUERY>>"}, "headers": {"x-api-key": "header-value-31415", "authorization": "Bearer <<$secret.IN_HEADER>>"}}',
    retry_policy = '{"jitter": 0, "max_attempts": 2}';
select test_setup.enrich(array['a.test', 'b.test', 'c.test', 'd.test'], '{}', '{"url": "https://client.test/hook?token=in-the-address"}');

create temporary table result (n int, result jsonb);
insert into result values
  (0, '{"status": 401, "headers": {"www-authenticate": "header-value-31415", "content-type": "text/html"}, "body_text": "you said header-value-31415"}'),
  (1, '{"error": {"kind": "secret_missing", "message": "the secret is not set"}}'),
  (2, '{"status": 500, "headers": {"set-cookie": "session=header-value-31415"}, "body": {"echo": "header-value-31415"}}'),
  (3, '{"error": {"kind": "network", "message": "the connection was refused"}}');
select count(test_setup.complete(c.run_request_id, (select r.result from result as r where r.n = c.place % 4)))
from (select c.*, row_number() over () as place from test_setup.claim() as c) as c;
set etl.fake_now = '2030-01-01 02:00:00Z';
select test_setup.claim();
set etl.fake_now = '2030-01-01 03:00:00Z';
select etl_api.recover();
select test_setup.exchange('{"echo": "header-value-31415"}', 500);
set etl.fake_now = '2030-01-01 09:00:00Z';
select etl_api.recover();
select test_setup.exchange('{"echo": "header-value-31415"}', 500);
set etl.fake_now = '2030-03-01 00:00:00Z';
select etl_api.recover();
select test_setup.deliver(500);

select cmp_ok((select count(distinct (level, station, context ->> 'code')) from etl_api.etl_log), '>', 8::bigint, 'much went wrong');
select is_empty($$select message from etl_api.etl_log as l where l::text ~ 'secret\.|<<\$|header-value|in-the-address|IN_(URL|QUERY|HEADER)'$$,
  'nothing of the requests, the answers'' headers and bodies, or the addresses stands there');
select is_empty($$select 1 from etl_api.etl_log as l where l.context ?| '{headers,url,body,request,secret_name}'$$, 'nor has it a place there');

select * from finish();

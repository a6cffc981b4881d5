select plan(4);

select test_setup.setup_enrichment_test_data();
select isnt(test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}')::text, null, 'a request');
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select count(test_setup.serve());

select is((select etl_api.cancel(d.id) ->> 'state' from public.delivery as d), 'failed', 'it is cancelled');
select is(test_setup.state(test_setup.activity()), 'done:delivery_failed', 'its activity says so');
select is((select count(*) from etl_api.claim_deliveries('test', 10)), 0::bigint, 'it is not sent');

select * from finish();

select plan(6);

select test_setup.setup_enrichment_test_data();
update etl_api.setting set value = '[]' where name = 'delivery_schedule_seconds';
create temporary table row as select test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}') as id;
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select count(test_setup.serve());
select is(test_setup.deliver(500), 1, 'the client does not take it');
select is((select test_setup.state(d.id) from public.delivery as d), 'failed:attempts_exhausted', 'and it is given up');
select is((select etl_api.retry(d.id) - 'id' from public.delivery as d),
  '{"entity": "delivery", "state": "ready", "message": "The message will be sent again under the same webhook-id, its attempts counted anew."}',
  'it is taken up again');
select is(test_setup.deliver(200), 1, 'and taken');
select is((select test_setup.state(d.id) from public.delivery as d), 'delivered', 'it is delivered');
select is(split_part(test_setup.state(test_setup.activity()), ':', 1), 'delivered', 'and its activity with it');

select * from finish();

-- A message that is larger than is sent fails at once and says so; it keeps no other waiting.
select plan(6);

select test_setup.setup_enrichment_test_data();
update etl_api.setting set value = '2000' where name = 'max_message_bytes';
select etl_api.queue_messages(array_agg(test_setup.id('org acme')), array_agg(null::uuid), array_agg(null::uuid),
  array_agg(jsonb_build_object('url', 'https://client.test/' || n)), array_agg('test.event'::text),
  array_agg(jsonb_build_object('text', repeat('x', case n when 3 then 3000 else 100 end))))
from generate_series(1, 5) as n;
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select array_agg(url order by url) from claimed), '{https://client.test/1,https://client.test/2,https://client.test/4,https://client.test/5}', 'the others go');
select is((select array_agg(url || ' ' || state_substate) from delivery where state = 'failed'), '{"https://client.test/3 too_large"}', 'it fails');
select matches((select error ->> 'message' from delivery where state = 'failed'), '^The message has 3\d\d\d bytes; no more than 2000 are sent \(setting max_message_bytes\)\.$', 'and says why');
update etl_api.setting set value = '10000' where name = 'max_message_bytes';
select etl_api.redeliver(id) from delivery where state = 'failed';
select is((select array_agg(url) from etl_api.claim_deliveries('one', 10)), '{https://client.test/3}', 'allowed, it goes');
update etl_api.setting set value = '300' where name = 'max_message_bytes';
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/activity"}');
select is((select count(*) from etl_api.claim_deliveries('one', 10)), 0::bigint, 'an activity''s');
select is((select array_agg(concat_ws(':', state, state_substate)) from activity_request), '{done:delivery_failed}', 'its activity is not delivered');

select * from finish();

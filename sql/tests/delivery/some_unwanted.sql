-- Of messages that are queued together some may have no taker: each of the others has its own body.
select plan(3);

select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, event_types)
values
  (test_setup.id('on'), test_setup.id('org acme'), 'https://client.test/on', null),
  (test_setup.id('off'), test_setup.id('org acme'), 'https://client.test/off', '{activity_request.failed}');
select test_setup.enrich('{}');

-- Three requests in one statement, which end at once.
insert into workflow_request (org_id, data)
select w.org_id, jsonb_set(w.data, '{data,enrich,destination}', jsonb_build_object('webhook', hook.json))
from workflow_request as w
cross join (values
  (jsonb_build_object('endpoint', test_setup.id('off'))),
  (jsonb_build_object('endpoint', test_setup.id('on'))),
  ('{"url": "https://client.test/plain"}')) as hook (json);

select is(array(select d.url from delivery as d order by d.url), array['https://client.test/on', 'https://client.test/plain'],
  'no message for the endpoint that wants others');
select is(array(
    select d.url || ' ' || (b.body #>> '{data,workflow_request_id}' = d.workflow_request_id::text)
      || ' ' || (b.body #>> '{data,activity_request_id}' = d.activity_request_id::text) || ' ' || (b.body ->> 'type' = d.event_type)
    from delivery_body as b
    join delivery as d on d.id = b.delivery_id and d.org_id = b.org_id
    order by d.url),
  array['https://client.test/on true true true', 'https://client.test/plain true true true'], 'each of the others says its own');
select is((select count(*) from workflow_request where state = 'done'), 4::bigint, 'all are done');

select * from finish();

-- A disabled endpoint, and one that does not want an event, get no message; the work is done all the same.
select plan(4);

select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, event_types, disabled_at)
values
  (test_setup.id('wants done'), test_setup.id('org acme'), 'https://client.test/done', '{activity_request.done}', null),
  (test_setup.id('wants failed'), test_setup.id('org acme'), 'https://client.test/failed', '{activity_request.failed,workflow_request.failed}', null),
  (test_setup.id('off'), test_setup.id('org acme'), 'https://client.test/off', null, null);
create function pg_temp.told(endpoint text) returns text[] language sql as $$
  select array(select event_type || ' ' || url from delivery
    where endpoint_id = test_setup.id(endpoint) order by event_type)
$$;

select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('wants done')));
select is(pg_temp.told('wants done'), array['activity_request.done https://client.test/done'], 'the event it wants');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('wants failed')));
select is(pg_temp.told('wants failed'), '{}', 'not one it does not want');

-- Disabled while the request is under way.
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('off')));
update webhook_endpoint set disabled_at = now() where id = test_setup.id('off');
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is(pg_temp.told('off'), '{}', 'none when it is disabled');
select is((select array_agg(distinct state::text) from workflow_request where id not in (select workflow_request_id from delivery)), '{done}',
  'without a message the request stays done');

select * from finish();

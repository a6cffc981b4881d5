-- What is left out without ending anything: objects without a key, refusals of guardrails, endpoints that are gone.
select plan(8);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into public.webhook_endpoint (id, org_id, url)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/?token=s3cret');
create function pg_temp.log() returns setof text language sql as $$
  select l.level || ' ' || l.station || ' ' || coalesce(l.entity::text, '-') || ' ' || l.message
  from etl_api.etl_log as l
  order by l.id
$$;

-- Input.
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}, {"name": "x"}, {"name": "y"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
    'destination', jsonb_build_object('webhook', jsonb_build_object('endpoint', test_setup.id('endpoint')))))));
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select results_eq('select pg_temp.log()', $$values ('warn activities activity_request This company has no key: it needs domain.')$$,
  'objects of the input without a key, once');
select is((select context -> 'faults' from etl_api.etl_log), '2', 'and how many');
delete from etl_api.etl_log;

-- Endpoints.
select test_setup.deliver(410);
select results_eq('select pg_temp.log() order by 1',
  $$values ('error delivery delivery The client answered with HTTP status 410.'),
    ('warn alerts - The webhook endpoint at client.test was disabled: it answered 410 Gone.'),
    ('warn delivery - A webhook endpoint was disabled: no message goes there until its disabled_at is null again.')$$,
  'a client that says it is gone');
select is_empty($$select 1 from etl_api.etl_log as l where l::text like '%s3cret%'$$, 'its address is not written');
delete from etl_api.etl_log;
update public.webhook_endpoint set disabled_at = '2030-02-02';
select is_empty('select pg_temp.log()', 'disabled again is no news');
-- It was there when the request was taken in.
insert into public.webhook_endpoint (id, org_id, url) values (test_setup.id('short-lived'), test_setup.id('org acme'), 'https://client.test/');
select test_setup.enrich('{b.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('short-lived')));
delete from public.webhook_endpoint where id = test_setup.id('short-lived');
delete from etl_api.etl_log;
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select results_eq('select pg_temp.log()', $$values ('warn delivery activity_request No message was made, for its endpoint is gone.')$$,
  'a message that was not made');
update public.webhook_endpoint set event_types = '{activity_request.failed}';
update public.webhook_endpoint set disabled_at = null;
delete from etl_api.etl_log;
select test_setup.enrich('{c.test}', '{"datapoints": ["industry"]}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is_empty('select pg_temp.log()', 'an event that the endpoint does not want is no fault');

-- Guardrails.
insert into public.guardrail_refusal (org_id, activity_request_id, object_id, stage, description)
select a.org_id, a.id, o.id, s.stage, 'Company''s industry is tools'
from (select * from public.activity_request order by id limit 1) as a
cross join (select * from public.object order by natural_key limit 2) as o
cross join (values ('before_run'), ('after_result')) as s (stage)
where s.stage = 'before_run' or o.natural_key ->> 'domain' = 'a.test';
select results_eq('select pg_temp.log() order by 1',
  $$values ('info activities activity_request 2 of the objects were not asked about: the guardrail "Company''s industry is tools" refused them.'),
    ('info results activity_request 1 of the finds was not accepted: the guardrail "Company''s industry is tools" refused it.')$$,
  'what a guardrail refused, counted');

select * from finish();

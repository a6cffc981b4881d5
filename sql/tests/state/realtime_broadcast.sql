-- Where Supabase Realtime is, each step of workflow and activity requests is broadcast to the tenant's topic.
select plan(8);

set etl.fake_now = '2030-01-01 00:00:00Z';
set timezone = 'UTC';
create schema realtime;
create table realtime.sent (n int generated always as identity, payload jsonb, event text, topic text, private boolean);
-- As Supabase's own: it gives the payload an id, which only an object can take.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void language sql as $$
  insert into realtime.sent (payload, event, topic, private) values (jsonb_set(payload, '{id}', to_jsonb(gen_random_uuid())), event, topic, private)
$$;
create function pg_temp.told(topic text default null) returns setof text language sql as $$
  select c.value ->> 'entity' || ' ' || (c.value ->> 'state') || coalesce(':' || (c.value ->> 'substate'), '')
  from realtime.sent as s
  cross join jsonb_array_elements(s.payload -> 'changes') with ordinality as c
  where told.topic is null or s.topic = told.topic
  order by s.n, c.ordinality
$$;

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test"}');
select test_setup.exchange('{"company": {"sector": "x"}}');
select test_setup.deliver();
select results_eq('select pg_temp.told()', $$
  select unnest('{
    workflow_request new, workflow_request valid, workflow_request ready, workflow_request in_progress,
    activity_request new, activity_request valid, activity_request ready, activity_request in_progress, activity_request done,
    workflow_request done, activity_request delivered, workflow_request delivered}'::text[])$$, 'every step, in order');
select results_eq('select distinct event, topic, private from realtime.sent',
  $$values ('state', 'org:' || test_setup.id('org acme'), true)$$, 'to the private topic of the org');
select results_eq($$select s.payload #> '{changes,0}' from realtime.sent as s where s.payload #>> '{changes,0,state}' = 'delivered' order by n limit 1$$,
  $$select jsonb_build_object('entity', 'activity_request', 'id', a.id, 'org_id', a.org_id, 'workflow_request_id', a.workflow_request_id,
      'state', 'delivered', 'substate', null, 'at', '2030-01-01T00:00:00+00:00') from public.activity_request as a$$, 'with all there is to say');

-- Two tenants in one statement.
delete from realtime.sent;
insert into public.workflow_request (org_id, data)
select o.id, '{"n": 1}' from public.org as o cross join generate_series(1, 300) order by o.id;
select is((select count(*) from pg_temp.told('org:' || test_setup.id('org acme'))), 600::bigint, 'new and invalid of 300 requests');
select is_empty($$select 1 from realtime.sent as s cross join jsonb_array_elements(s.payload -> 'changes') as c
  where s.topic <> 'org:' || (c.value ->> 'org_id')$$, 'none to another tenant''s topic');
select cmp_ok((select max(jsonb_array_length(payload -> 'changes')) from realtime.sent), '<=', 500, 'no message is large');

-- A repeated key starts nothing and says nothing.
insert into public.workflow_request (org_id, data, idempotency_key) values (test_setup.id('org acme'), '{}', 'k');
delete from realtime.sent;
insert into public.workflow_request (org_id, data, idempotency_key) values (test_setup.id('org acme'), '{}', 'k');
select is_empty('select pg_temp.told()', 'a repeated request is none');
update etl_api.setting set value = 'false' where name = 'realtime';
insert into public.workflow_request (org_id, data) values (test_setup.id('org acme'), '{}');
select is_empty('select pg_temp.told()', 'switched off');

select * from finish();

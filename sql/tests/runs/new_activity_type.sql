-- A type of activity is one function. Here two are made that the engine does not have: one that searches, one that asks
-- about the objects it takes. Nothing else says that they exist.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select is(left(test_setup.outcome(format(
  'insert into public.activity (name, activity_type, object_type_id) values (%L, %L, %L)', 'Watch', 'watch', test_setup.id('company'))), 5),
  'ETL07', 'a type without a function is refused');

-- Asks every source about every object at once, whatever is known.
create function etl_api.create_run_audit(activity_request_ids uuid[], object_ids uuid[] default null) returns int
language sql
set search_path = ''
as $$
  with made as (
    insert into public.run_queue
      (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids,
       state, state_via, state_substate, due_at, created_at)
    select ar.org_id, ar.workflow_request_id, ar.id, s.id, ao.object_id, ar.datapoint_ids,
      'waiting', '{new,valid}', 'allocation', utils.now(), utils.now()
    from public.activity_request as ar
    cross join lateral unnest(ar.source_ids) as s (id)
    join public.activity_object as ao on ao.activity_request_id = ar.id and ao.role = 'input'
    where ar.id = any (activity_request_ids)
    on conflict do nothing
    returning 1
  )
  select count(*)::int from made
$$;

create function etl_api.create_run_watch(activity_request_ids uuid[]) returns int
language sql
set search_path = ''
as $$
  select etl_api.create_search_runs(activity_request_ids)
$$;

select is(etl_api.activity_types(), '{"audit": "input", "enrichment": "input", "extract": "result", "sourcing": "result", "watch": "result"}'::jsonb,
  'what stands in the catalog is known, and what it results in');

update source set activity_types = '{enrichment,audit}' where name in ('AlgOps API Client', 'Company Register');
insert into source (id, name, activity_types, run_request_template)
values (test_setup.id('Feed'), 'Feed', '{watch}', '{"method": "GET", "url": "https://feed.test", "response": {"objects": "seen"}}');
insert into object_source (source_id, object_type_id, direction, key_mapping_json)
values (test_setup.id('Feed'), test_setup.id('company'), 'result', '{"fields": {"domain": "host"}}');
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values
  (test_setup.id('watch'), test_setup.id('org acme'), 'Watch', 'watch', test_setup.id('company'), '{}'),
  (test_setup.id('audit'), test_setup.id('org acme'), 'Audit', 'audit', test_setup.id('company'), '{employees}'),
  (test_setup.id('audit nothing'), test_setup.id('org acme'), 'Audit nothing', 'audit', test_setup.id('company'), '{}');

select test_setup.start(jsonb_build_object('data', jsonb_build_object('a', jsonb_build_object('id', test_setup.id('audit nothing')))));
select is((select errors -> 0 ->> 'message' from workflow_request where state = 'invalid'),
  'The audit asks for no datapoint, so there is nothing to find.', 'intake judges it as its kind');
delete from workflow_request;

select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'watch', jsonb_build_object('id', test_setup.id('watch'), 'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('audit')))),
  'audit', jsonb_build_object('id', test_setup.id('audit')))));
select is(test_setup.exchange('{"seen": [{"host": "a.test"}, {"host": "b.test"}]}'), 1, 'the search asks its source once');
select is((select array_agg(o.natural_key ->> 'domain' order by ao.ordinal) from activity_object as ao join object as o on o.id = ao.object_id
  where ao.activity_request_id = test_setup.activity('watch') and role = 'result'), '{a.test,b.test}', 'and results in what it finds');
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation', 'a.test Company Register waiting:allocation',
  'b.test AlgOps API Client waiting:allocation', 'b.test Company Register waiting:allocation', '- Feed done'],
  'the other asks both sources about each object it takes');

insert into test_setup.reply (source, request, body)
values ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/a.test"}', '{"company": {"staff": {"count": 7}}}'),
  ('AlgOps API Client', '{}', '{"company": {}}'),
  ('Company Register', '{}', '{"result": {"entries": []}}');
select is(test_setup.serve(), 4, 'they answer');
select is((select objects from activity_result where activity_request_id = test_setup.activity('audit')) #- '{0,provenance}' #- '{1,provenance}', '[
  {"key": {"domain": "a.test"}, "object_type": "company", "values": {"employees": 7}},
  {"key": {"domain": "b.test"}, "object_type": "company", "values": {}}]'::jsonb, 'its result is what it took');
select is(test_setup.state(test_setup.activity('audit')), 'done:partial', 'with what is missing told');
select is((select state || ':' || state_substate from workflow_request), 'done:partial', 'and the workflow ends');

select is(left(test_setup.outcome('update public.source set activity_types = ''{nothing}'' where name = ''Feed'''), 5), 'ETL07', 'a source names known types');
select * from finish();

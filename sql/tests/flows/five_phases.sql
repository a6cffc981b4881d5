-- Five phases of all three types, with edges across them and one search that fails, under each on_failure:
--   1 find (extract companies) → 2 enrich, 4 people;  1 fail (sourcing) → 2 audit, 5 report
--   2 enrich → 3 second;  3 second → 4 people;  4 people → 5 contacts;  5 report takes from fail and contacts
select plan(25);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
select test_setup.setup_sourcing_test_data();

-- A register of persons, a sourcing that has a source of its own, and one more enrichment of each kind.
insert into source (id, name, activity_types, run_request_template, retry_policy)
values
  (test_setup.id('Person Register'), 'Person Register', '{enrichment}',
    '{"method": "GET", "url": "https://persons.test/<<$object.email>>"}', '{"jitter": 0}'),
  (test_setup.id('Broken Search'), 'Broken Search', '{sourcing}',
    '{"method": "GET", "url": "https://broken.test/search", "response": {"objects": "people"}}', '{"jitter": 0, "max_attempts": 1}');
insert into object_source (source_id, object_type_id, direction, key_mapping_json)
values (test_setup.id('Broken Search'), test_setup.id('person'), 'result', '{"path": "people"}');
insert into datapoint_source (source_id, datapoint_id, key_mapping_json)
values (test_setup.id('Person Register'), test_setup.id('person.title'), '"position"');
update activity set source_ids = array[test_setup.id('AlgOps People')] where id = test_setup.id('source people');
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints, source_ids)
values
  (test_setup.id('broken'), test_setup.id('org acme'), 'Broken', 'sourcing', test_setup.id('person'), '{}', array[test_setup.id('Broken Search')]),
  (test_setup.id('audit'), test_setup.id('org acme'), 'Audit', 'enrichment', test_setup.id('person'), '{title}', null),
  (test_setup.id('second'), test_setup.id('org acme'), 'Second', 'enrichment', test_setup.id('company'), '{funding}', null),
  (test_setup.id('contacts'), test_setup.id('org acme'), 'Contacts', 'enrichment', test_setup.id('person'), '{title}', null),
  (test_setup.id('report'), test_setup.id('org acme'), 'Report', 'enrichment', test_setup.id('person'), '{title}', null);

create function pg_temp.node(activity text, config jsonb, variadic targets text[]) returns jsonb
language sql
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'id', test_setup.id(activity),
    'setup', jsonb_build_object('config', config),
    'destination', jsonb_build_object('activity', case when targets <> '{-}' then jsonb_build_object('id', (
      select jsonb_agg(test_setup.id(t)) from unnest(targets) as t)) end)))
$$;
create function pg_temp.begin(on_failure text) returns uuid
language plpgsql
as $$
begin
  perform test_setup.cleanup_requests();
  return test_setup.start(jsonb_build_object(
    'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
    'data', jsonb_build_object(
      'find', pg_temp.node('extract companies', '{"phase": 1, "max_objects": 2}', 'enrich companies', 'source people'),
      'fail', pg_temp.node('broken', jsonb_build_object('phase', 1, 'on_failure', on_failure), 'audit', 'report'),
      'enrich', pg_temp.node('enrich companies', '{"phase": 2, "datapoints": ["industry"]}', 'second'),
      'audit', pg_temp.node('audit', '{"phase": 2}', '-'),
      'second', pg_temp.node('second', '{"phase": 3}', 'source people'),
      'people', pg_temp.node('source people', '{"phase": 4}', 'contacts'),
      'contacts', pg_temp.node('contacts', '{"phase": 5}', 'report'),
      'report', pg_temp.node('report', '{"phase": 5}', '-'))));
end
$$;
create function test_setup.cleanup_requests() returns void
language sql
as $$
  delete from public.workflow_request;
  delete from public.object;
$$;

-- The third party. "Broken Search" has no row: it answers 404.
insert into test_setup.reply (source, request, body)
values
  ('AlgOps Search', '{}', '{"hits": [{"host": "forge.test", "title": "Forge"}, {"host": "mill.test", "title": "Mill"}, {"host": "rest.test"}]}'),
  ('AlgOps API Client', '{}', '{"company": {"sector": "Steel"}}'),
  ('Company Register', '{"query": {"domain": "forge.test"}}', '{"result": {"entries": [{"website": "forge.test", "capital": {"raised": 7}}]}}'),
  ('Company Register', '{"query": {"domain": "mill.test"}}', '{"result": {"entries": [{"website": "mill.test", "capital": {"raised": 8}}]}}'),
  ('AlgOps People', '{"body": {"companies": [{"domain": "forge.test"}]}}', '{"people": [{"full_name": "Fay", "contact": {"mail": "fay@forge.test"}}]}'),
  ('AlgOps People', '{"body": {"companies": [{"domain": "mill.test"}]}}', '{"people": [{"full_name": "Mo", "contact": {"mail": "mo@mill.test"}}]}'),
  ('Person Register', '{}', '{"position": "CEO"}');

-- fail
create temp table request as select pg_temp.begin('fail') as id;
select is(test_setup.nodes(),
  'audit=waiting:phase contacts=waiting:phase enrich=waiting:phase fail=in_progress find=in_progress people=waiting:phase report=waiting:phase second=waiting:phase',
  'the first phase starts');
select test_setup.serve(1);
select is(test_setup.nodes(),
  'audit=invalid:dependency_failed contacts=waiting:phase enrich=in_progress fail=failed:all_runs_failed find=done people=waiting:phase report=invalid:dependency_failed second=waiting:phase',
  'fail: what takes from it is given up at once, in the next phase as in the last');
select is((select array[workflow_phase, phase_count] from workflow_request), '{2,5}', 'and phase 2 goes on');
select test_setup.serve(1);
select is((select workflow_phase from workflow_request), 3, 'phase 3');
select test_setup.serve(1);
select is(test_setup.state(test_setup.activity('people')), 'in_progress', 'phase 4 has what it takes from phases 1 and 3');
select is((select count(*) from activity_object where activity_request_id = test_setup.activity('people') and role = 'input'), 2::bigint,
  'each company once');
select test_setup.serve();
select is(test_setup.nodes(),
  'audit=invalid:dependency_failed contacts=done enrich=done fail=failed:all_runs_failed find=done people=done:partial report=invalid:dependency_failed second=done',
  'the rest comes to its end');
select is(test_setup.state((select id from request)), 'done:partial', 'in part');
select is(
  (select jsonb_agg(o -> 'key' ->> 'email' order by o -> 'key' ->> 'email') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o
   where r.activity_request_id = test_setup.activity('contacts')), '["fay@forge.test", "mo@mill.test"]', 'with the people of phase 4');
select is(
  (select jsonb_object_agg(a ->> 'activity_key', a ->> 'state') from delivery_body cross join lateral jsonb_array_elements(body #> '{data,activities}') as a),
  '{"audit": "invalid", "contacts": "done", "enrich": "done", "fail": "failed", "find": "done", "people": "done", "report": "invalid", "second": "done"}',
  'and the message tells of all');
select is((select percent from etl_api.workflow_progress), 100::numeric, 'nothing is left');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

-- skip
truncate request;
insert into request select pg_temp.begin('skip');
select test_setup.serve(1);
select is(test_setup.nodes(),
  'audit=done:skipped contacts=waiting:phase enrich=in_progress fail=failed:all_runs_failed find=done people=waiting:phase report=waiting:phase second=waiting:phase',
  'skip: what takes only from it is skipped at once; report waits for its other side');
select test_setup.serve();
select is(test_setup.nodes(),
  'audit=done:skipped contacts=done enrich=done fail=failed:all_runs_failed find=done people=done:partial report=done:skipped second=done',
  'and is skipped when that is over');
select is(test_setup.state((select id from request)), 'done:partial', 'in part');
select is((select count(*) from run_queue where activity_request_id in (test_setup.activity('audit'), test_setup.activity('report'))), 0::bigint,
  'nobody was asked for what was skipped');
select is((select array_agg(substate order by entity_id) from etl_api.state_history where to_state = 'done' and substate = 'skipped'
   and entity_id in (test_setup.activity('audit'), test_setup.activity('report'))), '{skipped,skipped}', 'the history says so');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

-- continue
truncate request;
insert into request select pg_temp.begin('continue');
select test_setup.serve(1);
select is(test_setup.nodes(),
  'audit=done:no_objects contacts=waiting:phase enrich=in_progress fail=failed:all_runs_failed find=done people=waiting:phase report=waiting:phase second=waiting:phase',
  'continue: what takes from it starts in its phase, with nothing');
select test_setup.serve();
select is(test_setup.nodes(),
  'audit=done:no_objects contacts=done enrich=done fail=failed:all_runs_failed find=done people=done:partial report=done second=done',
  'and all goes on');
select is(test_setup.state((select id from request)), 'done:partial', 'in part');
select is((select jsonb_array_length(objects) from activity_result where activity_request_id = test_setup.activity('report')), 2,
  'with the objects of its other side');
select is((select count(*) from run_queue where activity_request_id = test_setup.activity('report')), 0::bigint,
  'about which all is known');
select is(test_setup.deliver(), 1, 'the client hears of the end');
select is(test_setup.state((select id from request)), 'delivered:partial', 'delivered, in part');

select * from finish();

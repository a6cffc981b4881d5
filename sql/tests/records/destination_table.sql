-- The result of an activity lands in a table: at once, or staged, once, with what is known of it.
select plan(24);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into public.tables (id, organization_id, name)
values
  (test_setup.id('leads'), test_setup.id('org acme'), 'Leads'),
  (test_setup.id('theirs'), test_setup.id('org other'), 'Theirs');
create function pg_temp.request(name text, destination jsonb, domains text[] default '{acme.test,beta.test}') returns uuid
language sql
as $$
  insert into public.workflow_request (id, org_id, data)
  values (test_setup.id(name), test_setup.id('org acme'), jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'destination', destination))))
  returning id
$$;
create function pg_temp.job(name text) returns public.ai_generation_jobs
language sql
as $$ select j from public.ai_generation_jobs as j where j.workflow_request_id = test_setup.id(name) $$;
insert into test_setup.reply (source, body, status)
values
  ('AlgOps API Client', '{"company": {"sector": "Anvils", "staff": {"count": 1200}}}', 200),
  ('Company Register', '{"result": {"entries": []}}', 200);

select pg_temp.request('first', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads')), 'webhook', '{"url": "https://client.test/hook"}'::jsonb));
select is((select row(j.status, j.stage, j.table_id = test_setup.id('leads'), j.activity_request_id = test_setup.activity())::text from pg_temp.job('first') as j),
  '(pending,pending,t,t)', 'a request that names a table has a job from the beginning');
select test_setup.serve();
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the activity is over');
select is(
  (select array_agg(row(r.name, r.data, r.is_ai_generated)::text order by r.data ->> 'domain') from public.records as r),
  array['("Unnamed Company","{""domain"": ""acme.test"", ""industry"": ""Anvils"", ""employees"": 1200}",t)',
    '("Unnamed Company","{""domain"": ""beta.test"", ""industry"": ""Anvils"", ""employees"": 1200}",t)'],
  'its objects are records');
select is((select row(g.field_confidence, g.sources @> '[{"field": "industry", "source": "AlgOps API Client", "confidence": 0.8}]', g.enriched_fields)::text
    from public.ai_generated_records as g where g.record_index = 0),
  '("{""industry"": 0.8, ""employees"": 0.9}",t,"{industry,employees}")', 'with where each value comes from, and how sure it is');
select is((select row(j.status, j.stage, j.completed_records)::text from pg_temp.job('first') as j), '(completed,completed,2)', 'the job is over with it');
select is((select array_agg(c.name order by c.name) from public.table_columns as c), '{domain,employees,industry}', 'the table has the columns');
select is(test_setup.deliver(), 1, 'the webhook gets its message, too');

-- Again.
select etl_api.land_activity_results(array[test_setup.activity()]);
select is((select count(*) from public.records), 2::bigint, 'what has landed does not land again');
update public.activity_result set objects = '[{"key": {"domain": "new.test"}, "values": {"employees": 5}}]' || objects || '[{"key": {"domain": "last.test"}, "values": {"name": "Last"}}]';
select etl_api.land_activity_results(array[test_setup.activity()]);
select is((select array_agg(r.data ->> 'domain' order by g.record_index) from public.records as r join public.ai_generated_records as g on g.record_id = r.id),
  '{acme.test,beta.test,new.test,last.test}', 'what a retry finds in addition does, each object at its place');
select is((select row(j.status, j.completed_records, j.total_records)::text from pg_temp.job('first') as j), '(completed,4,4)', 'and is counted');

-- To be looked at.
select pg_temp.request('second', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads'), 'mode', 'stage')), '{staged.test}');
select test_setup.serve();
select is((select row(j.status, j.stage, j.total_records)::text from pg_temp.job('second') as j), '(processing,preview,1)', 'staged, the job waits');
select is((select count(*) from public.records), 4::bigint, 'and nothing is in');
select is((etl_api.confirm_staged_records((pg_temp.job('second')).id) ->> 'success')::int, 1, 'until somebody confirms it');
select is((select count(*) from public.records), 5::bigint, 'then it is');

-- What cannot land does not hold up the request.
select pg_temp.request('third', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads'))), '{gone.test}');
update public.tables set deleted_at = utils.now() where id = test_setup.id('leads');
select test_setup.serve();
select is(test_setup.state(test_setup.id('third')), 'done:partial', 'a request whose table went meanwhile ends as it would');
select is((select row(j.status, j.error_message)::text from pg_temp.job('third') as j), format('(failed,"table %s was deleted")', test_setup.id('leads')), 'its job says why nothing landed');
select is((select l.message from etl_api.etl_log as l where l.station = 'records'), 'The result of an activity did not land in its table.', 'and the log');
update public.tables set deleted_at = null;
select etl_api.land_activity_results(array[(pg_temp.job('third')).activity_request_id]);
select is((select j.status from pg_temp.job('third') as j), 'completed', 'once the table is back it can be done again');

select pg_temp.request('fourth', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads'))), '{late.test}');
select etl_api.cancel(test_setup.id('fourth'));
select is((select row(j.status, j.completed_records)::text from pg_temp.job('fourth') as j), '(completed,1)', 'what is known of a request that is cancelled lands');

-- What is wrong is said at once.
create temporary table said as
select d.place, pg_temp.request('bad ' || d.place, d.destination) as id
from (values
  (1, jsonb_build_object('table', jsonb_build_object('id', test_setup.id('theirs')))),
  (2, '{"table": {"id": "leads", "mode": "later"}}'),
  (3, '{"table": {}}'),
  (4, '{"table": "leads"}'),
  (5, '{"table": null}')) as d (place, destination);
select is((select jsonb_agg(e.value - '{message,hint}'::text[]) from said as s join public.workflow_request as w on w.id = s.id cross join lateral jsonb_array_elements(w.errors) as e (value) where s.place = f.place),
  f.faults, f.test)
from (values
  (1, jsonb_build_array(jsonb_build_object('code', 'unknown_table', 'path', '$.data.enrich.destination.table.id', 'found', test_setup.id('theirs'))), 'another organisation''s table is none'),
  (2, '[{"code": "invalid_type", "path": "$.data.enrich.destination.table.id", "found": "leads"}, {"code": "invalid_type", "path": "$.data.enrich.destination.table.mode", "found": "later"}]', 'neither an id nor a mode'),
  (3, '[{"code": "missing_value", "path": "$.data.enrich.destination.table.id", "found": null}]', 'no id'),
  (4, '[{"code": "invalid_type", "path": "$.data.enrich.destination.table", "found": "leads"}]', 'no object'),
  (5, null, 'null is as if it were not there')) as f (place, faults, test);

select * from finish();

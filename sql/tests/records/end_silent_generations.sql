-- A generator that dies does not leave its job open for ever.
select plan(16);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into public.tables (id, organization_id, name) values (test_setup.id('leads'), test_setup.id('org acme'), 'Leads');
insert into public.ai_generation_jobs (id, organization_id, table_id, created_at, updated_at)
select test_setup.id(j.name), test_setup.id('org acme'), test_setup.id('leads'), utils.now(), utils.now()
from (values ('begun'), ('at work'), ('partly in'), ('to be confirmed'), ('confirmed in part'), ('over')) as j (name);
update public.ai_generation_jobs set total_records = 5 where id in (test_setup.id('partly in'), test_setup.id('confirmed in part'));
create function pg_temp.shown(name text) returns text language sql as $$
  select row(j.status, j.stage, j.error_message, j.completed_at)::text from public.ai_generation_jobs as j where j.id = test_setup.id(name)
$$;

select etl_api.note_generation(test_setup.id('at work'), 'enrichment', 'Looking at 3 pages');
select etl_api.insert_generated_records(test_setup.id('partly in'), '[{"name": "A"}, {"name": "B"}]', test_setup.id('leads'));
select etl_api.stage_generated_records(test_setup.id('to be confirmed'), '[{"name": "C"}]');
select etl_api.stage_generated_records(test_setup.id('confirmed in part'), '[{"name": "D"}, {"name": "E"}]');
select etl_api.confirm_staged_records(test_setup.id('confirmed in part'), '{0}');
select etl_api.insert_generated_records(test_setup.id('over'), '[{"name": "F"}]', test_setup.id('leads'));
-- A request that has not ended, and has a job from the beginning.
update etl_api.setting set value = '604800' where name in ('activity_timeout_seconds', 'run_timeout_seconds');
insert into public.workflow_request (id, org_id, data)
select test_setup.id('open request'), test_setup.id('org acme'), jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'destination', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads'))))));
select is((select count(*) from public.ai_generation_jobs where workflow_request_id = test_setup.id('open request')), 1::bigint, 'a job of a request');
create temp table before as
select j.id, row(j.status, j.stage, j.error_message, j.completed_at)::text as shown from public.ai_generation_jobs as j;

set etl.fake_now = '2026-05-02 09:59:59Z';
select is(etl_api.end_silent_generations(), 0::bigint, 'not before a day has gone by');
select etl_api.note_generation(test_setup.id('at work'), 'enrichment', 'Still looking');
set etl.fake_now = '2026-05-02 10:00:00Z';
select is(test_setup.as_user(null, 'select etl_api.end_silent_generations(1)', 'service_role'), '(1)', 'those of which nothing was heard end, at most so many');
select is((select count from etl_api.recover() where what = 'generation_given_up'), 1::bigint, 'by the sweep');
select is(pg_temp.shown('begun'), '(failed,failed,"Nothing was heard of the generator for 1 d","2026-05-02 10:00:00+00")', 'one that brought nothing has failed');
select is(pg_temp.shown('partly in'), '(completed,completed,"Nothing was heard of the generator for 1 d","2026-05-02 10:00:00+00")', 'one that brought something is over');
select is(
  (select array_agg(row(e.job_id = test_setup.id('begun'), e.stage, e.type, e.message)::text order by e.stage desc)
   from public.ai_generation_events as e where e.at = utils.now()),
  '{"(t,failed,error,\"Nothing was heard of the generator for 1 d\")","(f,complete,warning,\"Nothing was heard of the generator for 1 d; 2 of 5 records are in\")"}',
  'and who watches is told');
select is((select array_agg(j.id) from public.ai_generation_jobs as j join before as b on b.id = j.id
  where b.shown <> row(j.status, j.stage, j.error_message, j.completed_at)::text and j.id not in (test_setup.id('begun'), test_setup.id('partly in'))),
  null, 'nothing else has changed: neither what is at work, nor what waits for people or a request, nor what is over');
select is((select count(*) from public.records), 4::bigint, 'what is in stays');
select is((select count(*) from etl_api.recover() where what = 'generation_given_up'), 0::bigint, 'once');

set etl.fake_now = '2026-05-09 10:00:00Z';
select is(etl_api.end_silent_generations(), 1::bigint, 'a week later the next');
select is(pg_temp.shown('at work'), '(failed,failed,"Nothing was heard of the generator for 1 d","2026-05-09 10:00:00+00")', 'whose generator is silent now');
select is(pg_temp.shown('to be confirmed'), (select b.shown from before as b where b.id = test_setup.id('to be confirmed')), 'people may take longer');

-- What comes later is taken all the same.
select is(etl_api.insert_generated_records(test_setup.id('begun'), '[{"name": "G"}]', test_setup.id('leads')) ->> 'success', '1', 'a generator that comes back goes on');
select is((select j.status from public.ai_generation_jobs as j where j.id = test_setup.id('begun')), 'completed', 'and its job is completed');

update etl_api.setting set value = '60' where name = 'generation_silence_seconds';
insert into public.ai_generation_jobs (id, organization_id, table_id, updated_at)
values (test_setup.id('short'), test_setup.id('org acme'), test_setup.id('leads'), utils.now() - interval '1 minute');
select is(etl_api.end_silent_generations(), 1::bigint, 'how long is a setting');

select * from finish();

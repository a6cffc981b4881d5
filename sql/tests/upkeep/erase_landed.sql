-- What the result of an activity brought into a table of records goes with its object.
select plan(12);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into public.tables (id, organization_id, name) values (test_setup.id('leads'), test_setup.id('org acme'), 'Leads');
create function pg_temp.request(name text, destination jsonb, domains text[]) returns uuid
language sql
as $$
  insert into public.workflow_request (id, org_id, data)
  values (test_setup.id(name), test_setup.id('org acme'), jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
      'destination', jsonb_build_object('table', jsonb_build_object('id', test_setup.id('leads')) || destination)))))
  returning id
$$;
create function pg_temp.job(name text) returns public.ai_generation_jobs
language sql
as $$ select j from public.ai_generation_jobs as j where j.workflow_request_id = test_setup.id(name) $$;
create function pg_temp.domains() returns text[]
language sql
as $$ select coalesce(array_agg(r.data ->> 'domain' order by r.data ->> 'domain'), '{}') from public.records as r $$;
insert into test_setup.reply (source, body, status)
values
  ('AlgOps API Client', '{"company": {"sector": "Anvils", "staff": {"count": 1200}}}', 200),
  ('Company Register', '{"result": {"entries": []}}', 200);

select pg_temp.request('landed', '{}', '{acme.test,beta.test,gamma.test}');
select test_setup.serve();
select pg_temp.request('staged', '{"mode": "stage"}', '{delta.test,beta.test}');
select test_setup.serve();
update public.records set name = 'Beta' where data ->> 'domain' = 'beta.test';
insert into public.ai_generation_events (job_id, organization_id, stage, type, message, company)
select (pg_temp.job('landed')).id, test_setup.id('org acme'), 'insertion', 'success', 'Inserted 2/3: Beta', 'Beta';
insert into public.records (table_id, organization_id, name, data)
values (test_setup.id('leads'), test_setup.id('org acme'), 'By hand', '{"domain": "beta.test"}');
select is(pg_temp.domains(), '{acme.test,beta.test,beta.test,gamma.test}', 'what landed, and what somebody wrote');
select is((select count(*) from public.ai_generated_records as g where g.generated_data::text ~ 'beta.test'), 2::bigint, 'in one job it landed, in another it is staged');

select is(
  (select array_agg(e.what || ' ' || e.count order by e.what) filter (where e.what ~ 'ai_|records')
   from etl_api.erase_object((select o.id from public.object as o where o.natural_key = '{"domain": "beta.test"}' and o.org_id = test_setup.id('org acme'))) as e),
  '{"public.ai_generated_records 2","public.ai_generation_events 1","public.records 1"}', 'the report says what went');
select is(pg_temp.domains(), '{acme.test,beta.test,gamma.test}', 'the record that landed is gone, others stay');
select is((select r.name from public.records as r where r.data ->> 'domain' = 'beta.test'), 'By hand', 'also the one that somebody wrote');
select is((select count(*) from public.ai_generated_records as g where g.generated_data::text ~ 'beta.test'), 0::bigint, 'nothing generated tells of it');
select is((select count(*) from public.ai_generation_events as e where e.message ~ 'Beta' or e.company = 'Beta'), 0::bigint, 'nor progress');
select is((select count(*) from public.ai_generation_jobs as j where j::text ~ 'beta'), 0::bigint, 'nor a job');
select is((pg_temp.job('landed')).request -> 'keys', '[{"domain": "acme.test"}, null, {"domain": "gamma.test"}]', 'the others keep their places');

-- What lands again.
select etl_api.land_activity_results(array[(pg_temp.job('landed')).activity_request_id]);
select is(pg_temp.domains(), '{acme.test,beta.test,gamma.test}', 'what lands again, lands once');
select is((etl_api.confirm_staged_records((pg_temp.job('staged')).id) ->> 'success')::int, 1, 'and what is staged beside it can be confirmed');

select etl_api.erase_object((select o.id from public.object as o where o.natural_key = '{"domain": "gamma.test"}' and o.org_id = test_setup.id('org acme')));
select is((select count(*) from public.ai_generation_events as e where e.job_id = (pg_temp.job('landed')).id and e.company = 'Unnamed Company'), 5::bigint,
  'progress of those that nobody named stays: it tells of no one');

select * from finish();

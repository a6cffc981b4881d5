select plan(36);

select test_setup.set_up_records();
select is(
  test_setup.insert_leads(jsonb_build_array(test_setup.base(), '{"name": "STORES", "employee_count": "1,200", "email": "x@stores.test"}'::jsonb)),
  '{"success": 2, "failed": 0, "repeated": 0, "errors": [], "warning_count": 1,
    "warnings": [{"index": 0, "company": "BASE株式会社", "field": "revenue", "warning": "非公開 is no number; kept as text"}]}',
  'both shapes of records go in, and what was noticed is told');
select is(
  (select array_agg(row(r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.ai_generation_job_id = test_setup.id('job'))::text order by r.name)
   from public.records as r),
  array[
    '(BASE株式会社,info@binc.jp,BASE株式会社,New,"{""revenue"": ""非公開"", ""website"": ""https://binc.jp"", ""employee_count"": 150}",t,t)',
    '(STORES,x@stores.test,STORES,New,"{""employee_count"": 1200}",t,t)'],
  'what every record has goes into columns, the rest into data, and the first status is that of new ones');
select is(
  (select array_agg(row(c.name, c.label, c.type, c.is_inferred)::text order by c.display_order) from public.table_columns as c),
  array['(employee_count,"Employee count",number,t)', '(revenue,Revenue,number,t)', '(website,Website,url,t)'],
  'new fields become columns, of the type that fits');
select is(
  (select row(g.field_confidence, g.enriched_fields, g.enrichment_method, g.sources -> 2, g.status, g.record_id = g.id)::text
   from public.ai_generated_records as g where g.record_index = 0),
  '("{""email"": 0.95, ""revenue"": 0.70, ""website"": 0.90, ""company_name"": 0.95, ""employee_count"": 0.85}","{email,revenue}",hybrid,"{""url"": ""https://binc.jp/company"", ""field"": ""email"", ""source"": ""url_context"", ""confidence"": 0.95}",success,t)',
  'how sure each field is and where it comes from is kept');
select is(
  (select g.generated_data from public.ai_generated_records as g where g.record_index = 1),
  '{"name": "STORES", "email": "x@stores.test", "employee_count": "1,200"}', 'as it was, before it became what the columns want');
select is(
  (select row(j.status, j.stage, j.total_records, j.completed_records, j.failed_records, j.completed_at is not null)::text
   from public.ai_generation_jobs as j where j.id = test_setup.id('job')),
  '(completed,completed,2,2,0,t)', 'the job is over');
select is(
  (select array_agg(row(e.stage, e.message, e.type, e.company, e.current, e.total, e.percentage)::text order by e.seq) from public.ai_generation_events as e),
  array[
    '(insertion,"Analyzing generated fields...",info,,,,)',
    '(insertion,"Creating 3 new columns: employee_count, revenue, website",info,,,,)',
    '(insertion,"Warning for BASE株式会社: revenue: 非公開 is no number; kept as text",warning,BASE株式会社,,,)',
    '(insertion,"Inserted 1/2: BASE株式会社",success,BASE株式会社,1,2,50)',
    '(insertion,"Inserted 2/2: STORES",success,STORES,2,2,100)',
    '(complete,"All 2 records inserted successfully",success,,2,2,100)'],
  'its progress is told');

-- The same call twice.
select is(
  test_setup.insert_leads(jsonb_build_array(test_setup.base(), '{"name": "STORES", "employee_count": "1,200", "email": "x@stores.test"}'::jsonb)),
  '{"success": 2, "failed": 0, "repeated": 2, "errors": [], "warning_count": 0, "warnings": []}', 'the same call again says that all is in');
select is((select count(*) from public.records), 2::bigint, 'and inserts nothing');
select is((select j.completed_records from public.ai_generation_jobs as j where j.id = test_setup.id('job')), 2, 'nor counts it');
delete from public.records as r where r.name = 'STORES';
select test_setup.insert_leads(jsonb_build_array(test_setup.base(), '{"name": "STORES", "employee_count": "1,200", "email": "x@stores.test"}'::jsonb));
select is((select count(*) from public.records), 1::bigint, 'what somebody has deleted since does not come back');
select is(
  test_setup.insert_leads('[{"name": "Another"}]') #>> '{warnings,0,warning}',
  'this record of the job is in already, with other values, and stays; a job that inserts in parts gives each record its record_index',
  'another record at the place of one that is in is not swallowed silently');
select is(
  test_setup.insert_leads('[{"name": "Third", "record_index": 2, "fields": []}, {"name": "Ninth", "record_index": 9, "fields": []}]') - '{errors,warnings,warning_count}'::text[],
  '{"success": 2, "failed": 0, "repeated": 0}', 'parts of a job say which place each record has');
select is((select array_agg(g.record_index order by 1) from public.ai_generated_records as g), '{0,1,2,9}', 'and keep it');
select is(
  test_setup.insert_leads('[{"name": "a", "record_index": 20, "fields": []}, {"name": "b", "record_index": 20, "fields": []}, {"name": "c"}]', 'job 2') -> 'errors',
  '[{"index": 20, "company": "a", "error": "2 records of this call have record_index 20"}]', 'a place that comes twice is told');
select is(
  test_setup.insert_leads('[{"name": "d"}, {"name": "e"}, {"name": "f"}, {"name": "g"}]', 'job 2', '{1,3}') - '{errors,warnings,warning_count}'::text[],
  '{"success": 2, "failed": 0, "repeated": 0}', 'only what is selected goes in');
select is((select array_agg(r.name order by r.name) from public.records as r where r.ai_generation_job_id = test_setup.id('job 2')), '{c,e,g}', 'and nothing else');

-- One bad record costs only itself.
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job 3'), test_setup.id('org acme'), test_setup.id('leads'));
alter table public.records add constraint no_bad_ones check (name not like 'bad%');
-- Whatever is rolled back, a sequence is not.
create sequence public.tries;
create function pg_temp.count_try() returns trigger language plpgsql as $$ begin perform nextval('public.tries'); return null; end $$;
create trigger zz_count_try before insert on public.records for each statement execute function pg_temp.count_try();
create temporary table result as
select test_setup.insert_leads((select jsonb_agg(jsonb_build_object('name', case when i in (7, 8, 31) then 'bad ' else 'good ' end || i)) || '5' from generate_series(0, 49) as i), 'job 3') as r;
select is((select r - '{errors,warnings}'::text[] from result), '{"success": 47, "failed": 4, "repeated": 0, "warning_count": 0}', 'the others go in');
-- 50 one after the other would be 51 statements; three paths of halves are at most 2 * 6 each, and the whole.
select cmp_ok((select last_value from public.tries), '<=', 37::bigint, 'they are found by halves, not one after the other');
drop trigger zz_count_try on public.records;
select is((select jsonb_path_query_array(r, '$.errors[*].index') from result), '[7, 8, 31, 50]', 'each that cannot is told');
select is((select r #>> '{errors,0,error}' from result), 'new row for relation "records" violates check constraint "no_bad_ones"', 'with the reason');
select is((select r #>> '{errors,3,error}' from result), 'a record is an object, not 5', 'what is no object, too');
select is(
  (select row(j.status, j.completed_records, j.failed_records, j.error_message is not null)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 3')),
  '(completed,47,4,t)', 'the job says so');
select is((select e.type || ': ' || e.message from public.ai_generation_events as e where e.job_id = test_setup.id('job 3') and e.company = 'bad 7'),
  'error: Failed to insert bad 7: new row for relation "records" violates check constraint "no_bad_ones"', 'and its progress');
select is((select count(*) from public.ai_generated_records as g where g.job_id = test_setup.id('job 3') and g.status = 'failed' and g.error is not null), 4::bigint,
  'what could not go in is kept with the reason');
alter table public.records drop constraint no_bad_ones;
select is(
  test_setup.insert_leads((select jsonb_agg(jsonb_build_object('name', case when i in (7, 8, 31) then 'bad ' else 'good ' end || i)) || '5' from generate_series(0, 49) as i), 'job 3')
    - '{errors,warnings,warning_count}'::text[],
  '{"success": 50, "failed": 1, "repeated": 47}', 'once what stood in its way is gone, the same call brings it in');
select is(
  (select row(j.completed_records, j.failed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 3')), '(50,1)', 'and the job counts right');

-- contracts
update public.tables set contract = 'freeze';
insert into public.ai_generation_jobs (id, organization_id, table_id)
select test_setup.id('job ' || i), test_setup.id('org acme'), test_setup.id('leads') from generate_series(4, 9) as i;
select is(test_setup.insert_leads('[{"name": "a", "colour": "red"}, {"name": "b", "revenue": 5}]', 'job 4') #>> '{errors,0,error}',
  'unknown colour: the table takes no new fields', 'a table that is frozen refuses the record with a new field');
select is((select array_agg(r.name order by r.name) from public.records as r where r.ai_generation_job_id = test_setup.id('job 4')), '{b}', 'and only that');
update public.tables set contract = 'discard';
select is(test_setup.insert_leads('[{"name": "a", "colour": "red"}, {"name": "b", "revenue": 5}]', 'job 5') -> 'warnings',
  '[{"field": "colour", "warning": "unknown field colour was dropped: the table takes no new fields"}]', 'one that discards says what it dropped');
select is((select array_agg(r.data order by r.name) from public.records as r where r.ai_generation_job_id = test_setup.id('job 5')),
  array['{}', '{"revenue": 5}']::jsonb[], 'and keeps the rest');
select throws_ok($$select test_setup.insert_leads('{}')$$, 'ETL04', 'records is object: it must be an array');

-- Places named twice, and places where there is nothing.
update public.ai_generation_jobs set total_records = 3 where id = test_setup.id('job 9');
update public.tables set contract = 'evolve';
select is(test_setup.insert_leads('[{"name": "p"}, {"name": "q"}, {"name": "r"}]', 'job 9', '{1,1,99}') -> 'success', '1', 'a place named twice is one, and one where nothing is none');
select is((select row(j.status, j.completed_records, j.failed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 9')), '(completed,1,0)',
  'and the job is over: nothing else of it is to come');

-- In parts.
update public.ai_generation_jobs set total_records = 3 where id = test_setup.id('job 8');
select test_setup.insert_leads('[{"name": "s", "record_index": 0, "fields": []}, {"name": "t", "record_index": 1, "fields": []}]', 'job 8');
select is((select row(j.status, j.completed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 8')), '(processing,2)',
  'a job of which a part is in goes on');
select test_setup.insert_leads('[{"name": "u", "record_index": 2, "fields": []}]', 'job 8');
select is((select row(j.status, j.completed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 8')), '(completed,3)', 'until the last is');

select * from finish();

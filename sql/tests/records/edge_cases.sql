-- The eight cases the document on generated records lists, in its order.
select plan(41);

select test_setup.set_up_records();
insert into public.ai_generation_jobs (id, organization_id, table_id)
select test_setup.id('case ' || i), test_setup.id('org acme'), test_setup.id('leads') from generate_series(1, 20) as i;
create function pg_temp.data(name text) returns jsonb language sql as $$ select r.data from public.records as r where r.name = data.name $$;

-- 1: the column is there already
insert into public.table_columns (table_id, organization_id, name, label, type, display_order)
values
  (test_setup.id('leads'), test_setup.id('org acme'), 'email', 'Mail', 'email', 1),
  (test_setup.id('leads'), test_setup.id('org acme'), 'industry', 'Branche', 'text', 2);
select is(test_setup.insert_leads('[{"name": "one", "email": "a@b.test", "industry": "42"}]', 'case 1') -> 'failed', '0', 'a field that is a column already is no error');
select is(
  (select array_agg(row(c.name, c.label, c.type, c.is_inferred)::text order by c.display_order) from public.table_columns as c),
  array['(email,Mail,email,f)', '(industry,Branche,text,f)'], 'the column stays as it is');
select is((select r.email from public.records as r where r.name = 'one'), 'a@b.test', 'and gets the value');

-- 2: another type than the column's
insert into public.table_columns (table_id, organization_id, name, type)
select test_setup.id('leads'), test_setup.id('org acme'), t || '_field', t from unnest('{text,number,date,boolean,url}'::text[]) as t;
select is(
  test_setup.insert_leads('[{"name": "two", "text_field": 150, "number_field": "1,234", "date_field": "2024年3月5日", "boolean_field": "yes", "url_field": "https://x.test"},
    {"name": "two b", "number_field": "on request", "date_field": "soon", "boolean_field": "perhaps", "text_field": {"a": 1}}]', 'case 2') #>> '{warning_count}',
  '3', 'what does not fit is told');
select is(pg_temp.data('two'), '{"text_field": "150", "number_field": 1234, "date_field": "2024-03-05", "boolean_field": true, "url_field": "https://x.test"}',
  'values become what the column wants');
select is(pg_temp.data('two b'), '{"number_field": "on request", "date_field": "soon", "boolean_field": "perhaps", "text_field": "{\"a\":1}"}', 'and stay as text where they cannot');
select is((select g.generated_data -> 'number_field' from public.ai_generated_records as g where g.generated_data ->> 'name' = 'two'), '"1,234"', 'what they were is not lost');
select is((select c.type from public.table_columns as c where c.name = 'number_field'), 'number', 'one that does not fit changes no column');
select is(
  test_setup.insert_leads((select jsonb_agg(jsonb_build_object('name', 'w' || i, 'number_field', 'about ' || i)) from generate_series(1, 8) as i), 'case 3') -> 'warning_count',
  '0', 'when most do not fit');
select is((select c.type from public.table_columns as c where c.name = 'number_field'), 'text', 'the column becomes text');
select is((select row(c.change, c.from_type, c.to_type)::text from etl_api.schema_change as c where c.field = 'number_field'), '(widened,number,text)', 'and that is written down');

-- 3: a required field is missing
update public.table_columns set is_required = true, default_value = '"unknown"' where name = 'industry';
update public.table_columns set is_required = true where name = 'date_field';
select is(
  test_setup.insert_leads('[{"name": "three"}, {"name": "three b", "industry": "IT", "date_field": "2024-01-01"}, {"name": "three c", "industry": null, "date_field": "2024-01-01"}]', 'case 4') -> 'warnings',
  '[{"index": 0, "company": "three", "field": "date_field", "warning": "required field date_field is missing"},
    {"index": 0, "company": "three", "field": "industry", "warning": "required field industry is missing"},
    {"index": 2, "company": "three c", "field": "industry", "warning": "required field industry is missing"}]', 'a required field that is missing is told');
select is(pg_temp.data('three'), '{"industry": "unknown", "date_field": null}', 'it gets its default, or null');
select is(pg_temp.data('three b'), '{"industry": "IT", "date_field": "2024-01-01"}', 'what is there stays');
select is((select g.warnings from public.ai_generated_records as g where g.generated_data ->> 'name' = 'three c'), '[{"field": "industry", "warning": "required field industry is missing"}]',
  'and the warning stands with the record');
select is((select array_agg(e.message order by e.seq) from public.ai_generation_events as e where e.job_id = test_setup.id('case 4') and e.type = 'warning'),
  '{"Warning for three: required field date_field is missing; required field industry is missing","Warning for three c: required field industry is missing"}', 'and is told with the progress');
insert into public.table_columns (table_id, organization_id, name, label, type, is_required)
select t.id, t.organization_id, c.name, c.name, 'text', true
from public.tables as t
cross join (values ('name'), ('company_name')) as c (name)
where t.id = test_setup.id('leads');
update public.table_columns set is_required = name in ('email', 'name', 'company_name');
select is(
  test_setup.insert_leads('[{"company_name": "three d"}, {"name": "three e", "email": "e@three.test"}, {"email": "f@three.test"}]', 'case 20') -> 'warnings',
  '[{"index": 0, "company": "three d", "field": "email", "warning": "required field email is missing"},
    {"index": 2, "company": null, "field": "company_name", "warning": "required field company_name is missing"},
    {"index": 2, "company": null, "field": "name", "warning": "required field name is missing"}]', 'of the fields every record has, too');
delete from public.table_columns where name in ('name', 'company_name');
update public.table_columns set is_required = false;

-- 4: several names
select test_setup.insert_leads('[
  {"company_name": "From company_name", "name": "no"},
  {"name": "no", "fields": [{"name": "name", "value": "From the field"}]},
  {"name": "From the object", "fields": [{"name": "city", "value": "Paris"}]},
  {"city": "Rome"},
  {"company_name": "", "name": "Not the empty one"},
  {"name": "no", "fields": [{"name": "company_name", "value": "Company first"}, {"name": "name", "value": "no"}]}]', 'case 5');
select is(
  (select array_agg(row(r.name, r.company)::text order by g.record_index)
   from public.records as r join public.ai_generated_records as g on g.record_id = r.id where g.job_id = test_setup.id('case 5')),
  array['("From company_name","From company_name")', '("From the field","From the field")', '("From the object","From the object")',
    '("Unnamed Company","Unnamed Company")', '("Not the empty one","Not the empty one")', '("Company first","Company first")'],
  'company_name comes first, then name, then that of the object');
select is((select array_agg(c.name) from public.table_columns as c where c.name in ('name', 'company_name')), null, 'neither becomes a custom column');

-- 5: very large data
select is(
  test_setup.insert_leads(jsonb_build_array(jsonb_build_object('name', 'five', 'long', repeat('x', 1100000), 'short', repeat('y', 9000))), 'case 6') #>> '{warnings,0,warning}',
  'data truncated: it is larger than 1 MB', 'more than 1 MB is told');
select is((select array_agg(e.message) from public.ai_generation_events as e where e.job_id = test_setup.id('case 6') and e.type = 'warning'),
  '{"Warning for five: data truncated: it is larger than 1 MB"}', 'with the progress, too');
select is(length(pg_temp.data('five') ->> 'long'), 10000 + length('... [truncated]'), 'long texts are cut');
select is(right(pg_temp.data('five') ->> 'long', 17), 'xx... [truncated]', 'and say so');
select is(length(pg_temp.data('five') ->> 'short'), 9000, 'others are not');
select is((select length(g.generated_data ->> 'long') from public.ai_generated_records as g where g.job_id = test_setup.id('case 6')), 1100000, 'what was generated is kept whole');
select is(
  test_setup.insert_leads(jsonb_build_array(jsonb_build_object('name', 'five b', 'long', repeat('z', 900000))), 'case 7') -> 'warnings', '[]', 'a long text in less than that is left alone');
select is(length(pg_temp.data('five b') ->> 'long'), 900000, 'whole');
select is(
  test_setup.insert_leads(jsonb_build_array(jsonb_build_object('name', 'five c') || (
    select jsonb_object_agg('word' || i, (select string_agg(md5(i || '-' || j), ' ') from generate_series(1, 250) as j)) from generate_series(1, 150) as i)), 'case 8') -> 'failed', '0',
  'more words than a search vector holds are no error');

-- 6: no valid value
insert into public.table_columns (table_id, organization_id, name, type)
values (test_setup.id('leads'), test_setup.id('org acme'), 'contact_email', 'email');
select is(test_setup.insert_leads('[{"name": "six", "email": "not an address", "contact_email": "neither"}]', 'case 9') -> 'success', '1', 'an e-mail address that is none is stored');
select is((select row(r.email, r.data ->> 'contact_email')::text from public.records as r where r.name = 'six'), '("not an address",neither)', 'as it is');

-- 7: a transaction that fails
set etl.test_fault = '40001';
create function pg_temp.fail() returns trigger language plpgsql as $$
begin
  raise exception using errcode = current_setting('etl.test_fault'), message = 'the connection is lost';
end $$;
create trigger zz_fail after insert on public.records for each statement execute function pg_temp.fail();
select throws_ok($$select test_setup.insert_leads('[{"name": "seven"}]', 'case 10')$$, '40001', 'the connection is lost', 'what speaks of the moment fails the call');
select is((select count(*) from public.ai_generated_records as g where g.job_id = test_setup.id('case 10')), 0::bigint, 'which leaves nothing');
set etl.test_fault = 'P0001';
select is(test_setup.insert_leads('[{"name": "seven"}]', 'case 10') -> 'errors', '[{"index": 0, "company": "seven", "error": "the connection is lost"}]', 'what speaks of the record is told');
select is((select row(j.status, j.failed_records, j.error_message)::text from public.ai_generation_jobs as j where j.id = test_setup.id('case 10')), '(failed,1,"the connection is lost")', 'and the job with it');
drop trigger zz_fail on public.records;
select is(test_setup.insert_leads('[{"name": "seven"}]', 'case 10') -> 'success', '1', 'the same call may be made again');
select is((select count(*) from public.records as r where r.name = 'seven'), 1::bigint, 'and inserts once');

-- 8: the same new column at once: tests/records/records.concurrency.test.ts. Here: somebody was faster.
select is(
  etl_api.add_columns((select t from public.tables as t where t.id = test_setup.id('leads')), '[{"name": "industry", "type": "number"}, {"name": "fresh", "type": "date"}]'),
  '[{"name": "fresh", "type": "date"}]', 'only what nobody has added yet is added');
select is((select c.type from public.table_columns as c where c.name = 'industry'), 'text', 'the first wins');

-- What no column can be made of stays in data: names that are none or too long, more columns than a view has room for.
select is(
  test_setup.insert_leads(jsonb_build_array(jsonb_build_object('name', 'nine', '', 'no name', repeat('n', 501), 'long name') || (
    select jsonb_object_agg('more_' || i, i) from generate_series(1, 1000) as i)), 'case 11') - '{errors,warnings}'::text[],
  '{"success": 1, "failed": 0, "repeated": 0, "warning_count": 0}', 'odd names and too many of them are no error');
select is((select count(*) between 998 and 1000 from public.table_columns as c where c.table_id = test_setup.id('leads')), true, 'there are a thousand columns');
select is((select array[count(*)::text, max(d.value) filter (where d.key = ''), max(d.value) filter (where d.key like 'nnn%')] from jsonb_each_text(pg_temp.data('nine')) as d),
  '{1002,"no name","long name"}', 'and every value is there');

select * from finish();

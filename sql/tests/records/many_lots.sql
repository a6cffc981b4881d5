-- More records than one lot takes: what only a later lot says is seen, and each keeps its place.
select plan(12);

select test_setup.set_up_records();
insert into public.ai_generation_jobs (id, organization_id, table_id)
select test_setup.id('chosen'), test_setup.id('org acme'), test_setup.id('leads');
-- Of 5,200 records 5,103 to 5,105 are not among the thousand that are looked at first.
create temporary table many as
select jsonb_agg(jsonb_build_object('name', 'n' || i, 'size', i::text, 'tag', (array['red', 'green', 'blue'])[1 + i % 3])
  || case i when 5103 then '{"tag": "violet"}' when 5104 then '{"size": "many"}' when 5105 then '{"late": true}' else '{}' end::jsonb order by i) as records
from generate_series(0, 5199) as i;

select is(test_setup.insert_leads((select records from many)),
  '{"success": 5200, "failed": 0, "repeated": 0, "errors": [], "warning_count": 1,
    "warnings": [{"index": 5104, "company": "n5104", "field": "size", "warning": "many is no number; kept as text"}]}',
  'all go in, and the place of what was noticed is that in the call');
select is((select array_agg(row(c.name, c.type)::text order by c.name) from public.table_columns as c), '{"(late,boolean)","(size,number)","(tag,select)"}',
  'a field that only a later lot has becomes a column');
select is((select c.options ? 'violet' from public.table_columns as c where c.name = 'tag'), true, 'a choice that only a later lot has becomes an option');
select is_empty($$
  select 1 from public.records as r
  join public.ai_generated_records as g on g.record_id = r.id
  where r.name <> 'n' || g.record_index
    or g.generated_data ->> 'name' <> r.name
    or g.record_index <> 5104 and r.data -> 'size' <> to_jsonb(g.record_index)
$$, 'each record is in its own place');
select is((select count(distinct g.record_index) from public.ai_generated_records as g), 5200::bigint, 'no place is left out');
select is((select r.data from public.records as r where r.name = 'n5105'), '{"tag": "blue", "late": true, "size": 5105}', 'a record of a later lot has what it came with');

-- again
select is(test_setup.insert_leads((select jsonb_set(m.records, '{5150,size}', '7') from many as m)),
  '{"success": 5200, "failed": 0, "repeated": 5200, "errors": [], "warning_count": 1, "warnings": [{"index": 5150,
    "warning": "this record of the job is in already, with other values, and stays; a job that inserts in parts gives each record its record_index"}]}',
  'the same call again inserts nothing, and tells what was something else');
select is((select count(*) from public.records), 5200::bigint, 'nothing is there twice');

-- some places
select is(test_setup.insert_leads((select records from many), 'chosen', '{1,4999,5000,5199}') -> 'success', '4', 'places of several lots');
select is((select array_agg(r.name order by r.id) from public.records as r where r.ai_generation_job_id = test_setup.id('chosen')), '{n1,n4999,n5000,n5199}', 'are those of the call');
select is(test_setup.insert_leads((select records from many), 'chosen') - 'warnings', '{"success": 5200, "failed": 0, "repeated": 4, "errors": [], "warning_count": 1}',
  'the others come later');
select is((select count(*) from public.records as r where r.ai_generation_job_id = test_setup.id('chosen')), 5200::bigint, 'once each');

select * from finish();

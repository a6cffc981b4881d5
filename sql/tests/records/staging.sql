select plan(35);

select test_setup.set_up_records();
select is(etl_api.stage_generated_records(test_setup.id('job'), jsonb_build_array(test_setup.base(), '{"name": "B", "city": "Rome"}'::jsonb, '{"name": "C"}'::jsonb)), 3,
  'what was generated waits');
select is((select count(*) from public.records), 0::bigint, 'nothing is in yet');
select is((select row(j.status, j.stage, j.total_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job')), '(processing,preview,3)', 'the job is at its preview');
select is((select row(g.enrichment_method, g.enriched_fields, g.status, g.selected)::text from public.ai_generated_records as g where g.record_index = 0),
  '(hybrid,"{email,revenue}",staged,t)', 'each with where it comes from, and chosen');

-- Edit.
select is(etl_api.edit_staged_record(test_setup.id('job'), 0, '{"revenue": 5000000, "website": null}') - '{company_name,email,employee_count}'::text[],
  '{"revenue": 5000000}', 'a field can be changed, another taken out');
select is((select row(g.field_confidence ? 'revenue', g.enriched_fields, jsonb_path_query_first(g.sources, '$[*] ? (@.field == "revenue").source'))::text
    from public.ai_generated_records as g where g.record_index = 0),
  '(f,{email},"""edited""")', 'what somebody has written is from nowhere else');
select is((select count(*) from public.ai_generated_records as g, jsonb_array_elements(g.sources) as s where g.record_index = 0 and s ->> 'field' = 'revenue'), 1::bigint, 'once');
select throws_ok($$select etl_api.edit_staged_record(test_setup.id('job'), 7, '{}')$$, 'ETL04', format('job %s has no staged record 7', test_setup.id('job')));
select throws_ok($$select etl_api.edit_staged_record(test_setup.id('job'), 0, '[]')$$, 'ETL04', 'patch is array: it must be an object');

-- Choose.
select is(etl_api.select_staged_records(test_setup.id('job'), null, false), 3, 'all can be left out');
select is(etl_api.select_staged_records(test_setup.id('job'), '{0,1}', true), 2, 'and some chosen');

-- What comes again is further on.
select is(etl_api.stage_generated_records(test_setup.id('job'), '[{"record_index": 1, "name": "B", "fields": [{"name": "city", "value": "Milan", "source": "firecrawl", "confidence": 0.5}]}]'), 1,
  'a record that is enriched later replaces the earlier one');
select is((select row(g.generated_data, g.enrichment_method, g.selected)::text from public.ai_generated_records as g where g.record_index = 1),
  '("{""city"": ""Milan"", ""name"": ""B""}",firecrawl,t)', 'and stays chosen');

-- Confirm.
select is(etl_api.confirm_staged_records(test_setup.id('job'), max_records => 1) - '{inserted_records}'::text[],
  '{"success": 1, "failed": 0, "repeated": 0, "errors": [], "warnings": [], "warning_count": 0}', 'a part of what is chosen goes in');
select is((select row(j.status, j.stage, j.completed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job')), '(processing,inserting,1)', 'the job is at it');
select is((etl_api.confirm_staged_records(test_setup.id('job')) ->> 'success')::int, 1, 'then the rest of it');
select is((select array_agg(e.message || ' ' || e.percentage order by e.seq) from public.ai_generation_events as e where e.job_id = test_setup.id('job') and e.stage = 'insertion' and e.type = 'success'),
  '{"Inserted 1/2: BASE株式会社 50","Inserted 2/2: B 100"}', 'told as parts of one whole');
select is((select array_agg(row(r.name, r.data)::text order by r.name) from public.records as r),
  array['(B,"{""city"": ""Milan""}")', '(BASE株式会社,"{""revenue"": 5000000, ""employee_count"": 150}")'], 'as it was edited, without what was left out');
select is((select row(j.status, j.stage, j.completed_records, j.total_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job')), '(completed,completed,2,3)', 'the job is over');
select is((select g.status from public.ai_generated_records as g where g.record_index = 2), 'staged', 'what was left out is still there');
select is(etl_api.confirm_staged_records(test_setup.id('job')) - '{inserted_records}'::text[],
  '{"success": 0, "failed": 0, "repeated": 0, "errors": [], "warnings": [], "warning_count": 0}', 'confirmed again nothing goes in');
select is(etl_api.confirm_staged_records(test_setup.id('job'), '{1,2}') - '{inserted_records,warnings}'::text[],
  '{"success": 2, "failed": 0, "repeated": 1, "errors": [], "warning_count": 0}', 'by their places those go in that are not yet');
select is((select count(*) from public.records), 3::bigint, 'once each');
select throws_ok($$select etl_api.edit_staged_record(test_setup.id('job'), 0, '{"a": 1}')$$, 'ETL04', null, 'what is in is edited no more');
select is(etl_api.stage_generated_records(test_setup.id('job'), '[{"name": "again"}]'), 0, 'nor replaced');

-- Discard.
select etl_api.stage_generated_records(test_setup.id('job 2'), '[{"name": "x"}, {"name": "y"}, 5]');
select is((select array_agg(g.status order by g.record_index) from public.ai_generated_records as g where g.job_id = test_setup.id('job 2')), '{staged,staged,failed}', 'what is no record is told apart');
select is(etl_api.discard_staged_records(test_setup.id('job 2')), 3, 'what is staged can be thrown away');
select is((select row(j.status, j.stage, j.total_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 2')), '(pending,pending,0)', 'and the job begins anew');
select is(etl_api.discard_staged_records(test_setup.id('job')), 0, 'not what is in');

-- As the function records-insert does it: what is named is what is chosen, and nothing else is waited for.
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job 5'), test_setup.id('org acme'), test_setup.id('leads'));
select etl_api.stage_generated_records(test_setup.id('job 5'), (select jsonb_agg(jsonb_build_object('name', 'n' || i)) from generate_series(0, 299) as i));
select is(jsonb_array_length(etl_api.staged_places(null, test_setup.id('job 5'), test_setup.id('leads'), (select jsonb_agg(i * 2) from generate_series(0, 124) as i)) -> 'places'), 125, 'some are named');
select etl_api.insert_staged(null, test_setup.id('job 5'), test_setup.id('leads'), (select jsonb_agg(i * 2) from generate_series(p.first, p.last) as i))
from (values (0, 49), (50, 124)) as p (first, last);
select is((select array_agg(e.message || ' ' || e.percentage order by e.seq) from public.ai_generation_events as e where e.job_id = test_setup.id('job 5') and e.type = 'success'),
  '{"Inserted 50/125 40","Inserted 125/125 100","All 125 records inserted successfully 100"}', 'their parts are parts of them all');
select is((select row(j.status, j.stage, j.completed_records)::text from public.ai_generation_jobs as j where j.id = test_setup.id('job 5')), '(completed,completed,125)', 'and then the job is over');

insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job 6'), test_setup.id('org acme'), test_setup.id('leads'));
select etl_api.stage_generated_records(test_setup.id('job 6'), '[{"name": "x", "a": null, "b": {"c": null, "d": [null]}, "e": 1}]');
select is(etl_api.edit_staged_record(test_setup.id('job 6'), 0, '{"e": null, "f": {"g": null}}'), '{"name": "x", "a": null, "b": {"c": null, "d": [null]}, "f": {"g": null}}',
  'what was not edited stays as it is, nulls too');

-- Progress of a generator.
select etl_api.note_generation(test_setup.id('job 2'), 'enrichment', 'Looking at 3 pages', 'info', 'x', 1, 4);
select is((select row(e.stage, e.message, e.company, e.percentage)::text from public.ai_generation_events as e order by e.seq desc limit 1), '(enrichment,"Looking at 3 pages",x,25)', 'a generator tells how far it is');
select throws_ok($$select etl_api.note_generation(test_setup.id('job 2'), 'complete', 'x')$$, 'ETL04', null, 'but not of stages that are not its own');

select * from finish();

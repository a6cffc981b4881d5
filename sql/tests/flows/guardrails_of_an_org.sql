-- What an org adds to a shared activity is its own: another org's requests neither meet its guardrails nor send its criteria.
select plan(5);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
update source
set run_request_template = run_request_template || '{"body": {"criteria": "<<$criteria>>", "factors": "<<$factors>>"}}'
where name = 'AlgOps Search';
insert into activity (id, name, activity_type, object_type_id)
values (test_setup.id('shared'), 'Find', 'extract', test_setup.id('company'));
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (null, test_setup.id('shared'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'greater_equal', '10', true),
  (test_setup.id('org other'), test_setup.id('shared'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'less_than', '100', true),
  (test_setup.id('org other'), test_setup.id('shared'), 'option', test_setup.id('company'), test_setup.id('company.name'), 'equals', 'B', false);

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('shared')))), org.id)
from (values (test_setup.id('org acme')), (test_setup.id('org other'))) as org (id);
create temp table claimed as select * from test_setup.claim();
alter table claimed add org_id uuid;
update claimed set org_id = r.org_id from run_request as r where r.id = claimed.run_request_id;
select is((select jsonb_agg(f ->> 'operator') from claimed cross join lateral jsonb_array_elements(request #> '{body,factors}') as f where org_id = test_setup.id('org acme')),
  '["greater_equal"]'::jsonb, 'the shared factor is all that one sends');
select is((select jsonb_array_length(request #> '{body,factors}') from claimed where org_id = test_setup.id('org other')), 3, 'the other sends its own as well');

select test_setup.answer(run_request_id, '{"hits": [
  {"host": "a.test", "title": "A", "size": {"people": 5}}, {"host": "b.test", "title": "B", "size": {"people": 50}},
  {"host": "c.test", "title": "C", "size": {"people": 500}}]}') from claimed;
select is((select jsonb_agg(o #> '{key,domain}') from activity_result cross join lateral jsonb_array_elements(objects) as o where org_id = test_setup.id('org acme')),
  '["b.test", "c.test"]'::jsonb, 'the shared guardrail decides for the one');
select is((select jsonb_agg(o #> '{key,domain}') from activity_result cross join lateral jsonb_array_elements(objects) as o where org_id = test_setup.id('org other')),
  '["b.test"]'::jsonb, 'both for the other');

-- The same where values are asked for.
delete from workflow_request;
delete from source where name = 'AlgOps Search';
select test_setup.setup_enrichment_test_data();
insert into activity (id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('shared enrich'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (null, test_setup.id('shared enrich'), 'option', test_setup.id('company'), test_setup.id('company.industry'), 'not_equals', 'X', true),
  (test_setup.id('org other'), test_setup.id('shared enrich'), 'option', test_setup.id('company'), test_setup.id('company.industry'), 'not_equals', 'Tools', true);
select test_setup.start(jsonb_build_object('input', '{"companies": [{"domain": "z.test"}]}'::jsonb, 'data', jsonb_build_object('enrich',
  jsonb_build_object('id', test_setup.id('shared enrich')))), org.id)
from (values (test_setup.id('org acme')), (test_setup.id('org other'))) as org (id);
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is((select jsonb_object_agg(org_id = test_setup.id('org acme'), summary - 'runs') from activity_result),
  '{"true": {"objects": 1, "values": 1, "missing": 0, "refused": 0}, "false": {"objects": 1, "values": 0, "missing": 1, "refused": 1}}'::jsonb,
  'a value is refused to the one whose guardrail it breaks');

select * from finish();

-- <<$criteria>> are the use cases, <<$factors>> use cases and guardrails, in the order they were made, each with its sentence.
select plan(7);

select test_setup.setup_sourcing_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail, created_at)
values
  ('00000000-0000-0000-0000-000000000003', test_setup.id('org acme'), test_setup.id('source people'), 'volume', test_setup.id('company'),
    test_setup.id('company.employees'), 'between', '50,200', true, '2026-01-02'),
  ('00000000-0000-0000-0000-000000000002', test_setup.id('org acme'), test_setup.id('source people'), 'option', test_setup.id('person'),
    test_setup.id('person.name'), 'is_not_null', null, true, '2026-01-02'),
  ('00000000-0000-0000-0000-000000000001', test_setup.id('org acme'), test_setup.id('source people'), 'volume', test_setup.id('company'),
    test_setup.id('company.funding'), 'greater_than', '1e6', false, '2026-01-03'),
  ('00000000-0000-0000-0000-000000000004', test_setup.id('org acme'), test_setup.id('source people'), 'boolean', test_setup.id('person'),
    null, 'equals', null, false, '2025-12-31');

create temp table vars as select etl_api.factor_vars(test_setup.id('source people'), test_setup.id('org acme')) as vars;
select is(
  (select array(select e.value ->> 'description' from jsonb_array_elements(vars -> 'criteria') with ordinality as e (value, n) order by n) from vars),
  array['Is the person suitable?', 'What is the person''s title?', 'How many funding does the company have?'],
  'use cases are criteria, the oldest first');
select is(
  (select array(select e.value ->> 'description' from jsonb_array_elements(vars -> 'factors') with ordinality as e (value, n) order by n) from vars),
  array['Is the person suitable?', 'What is the person''s title?', 'Person''s name is not empty', 'Company''s employees is between 50 and 200',
    'How many funding does the company have?'],
  'all are factors, of one age by id');
select is((select vars #> '{factors,3}' from vars), '{"factor_type": "volume", "object_type": "company", "datapoint": "employees",
  "operator": "between", "value": "50,200", "is_guardrail": true, "description": "Company''s employees is between 50 and 200"}', 'a factor has all it is made of');
select is(etl_api.factor_vars(test_setup.id('source people'), test_setup.id('org other')), '{"criteria": [], "factors": []}', 'another tenant''s factors are not told');
update factor set is_guardrail = true;
select is(etl_api.factor_vars(test_setup.id('source people'), test_setup.id('org acme')) -> 'criteria', '[]', 'guardrails alone make no criteria');
select is(etl_api.factor_vars(test_setup.id('no activity'), test_setup.id('org acme')), '{"criteria": [], "factors": []}', 'without factors both are empty');
update datapoint set name = 'staff' where id = test_setup.id('company.employees');
select is(etl_api.factor_vars(test_setup.id('source people'), test_setup.id('org acme')) #>> '{factors,3,description}', 'Company''s staff is between 50 and 200', 'sentences are those of now');

select * from finish();

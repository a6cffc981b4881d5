-- What is not known refuses nothing, and a value that is not of its type says nothing a guardrail could hold against it.
select plan(7);

select test_setup.setup_enrichment_test_data();
select test_setup.setup_sourcing_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (test_setup.id('size'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume',
    test_setup.id('company'), test_setup.id('company.employees'), 'between', '1,1000', true),
  (test_setup.id('rank'), test_setup.id('org acme'), test_setup.id('source people'), 'option',
    test_setup.id('person'), test_setup.id('person.title'), 'equals', 'CTO', true);

select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is(test_setup.exchange('{"company": {"staff": {"count": "many"}}}'), 1, 'a text for a number');
select is((select objects #> '{0,values}' from activity_result), '{"employees": "many"}'::jsonb, 'is taken as it came');
select is(test_setup.runs(), array['a.test AlgOps API Client done'], 'and no other source is asked');

-- The same value, known before.
delete from workflow_request;
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is(test_setup.runs(), '{}', 'it is not asked for again');
select is((select objects #> '{0,values}' from activity_result), '{"employees": "many"}'::jsonb, 'and delivered');

-- A found object of which the answer says nothing.
delete from workflow_request;
select test_setup.start(jsonb_build_object('data', jsonb_build_object('people', jsonb_build_object('id', test_setup.id('source people')))));
select test_setup.exchange('{"people": [{"contact": {"mail": "a@a.test"}}, {"contact": {"mail": "b@b.test"}, "position": "CEO"}]}');
select is((select jsonb_path_query_array(r.objects, '$[*].key.email') from activity_result as r), '["a@a.test"]'::jsonb,
  'the one without a title qualifies, the one with another does not');
select is((select array_agg(r.stage || ' ' || (r.value #>> '{}')) from guardrail_refusal as r), '{"after_result CEO"}',
  'only that one is refused');

select * from finish();

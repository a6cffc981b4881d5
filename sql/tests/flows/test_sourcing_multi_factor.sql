-- Several factors: use cases are <<$criteria>>, use cases and guardrails are <<$factors>>, in their order.
select plan(4);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_sourcing_test_data();
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail, created_at)
values
  (test_setup.id('org acme'), test_setup.id('source people'), 'volume', test_setup.id('company'),
    test_setup.id('company.employees'), 'between', '50,200', false, '2026-01-02'),
  (test_setup.id('org acme'), test_setup.id('source people'), 'boolean', test_setup.id('person'), null,
    'is_not_null', null, true, '2026-01-03');

select test_setup.start(jsonb_build_object('data', jsonb_build_object('source', jsonb_build_object(
  'id', test_setup.id('source people')))));

create temp table claimed as select * from test_setup.claim();
create temp table sent as
select t.name, f.n, f.value - 'description' as value
from claimed
cross join lateral jsonb_each(request -> 'body') as t (name, list)
cross join lateral jsonb_array_elements(case when t.name in ('criteria', 'factors') then t.list else '[]' end)
  with ordinality as f (value, n);
select is((select jsonb_agg(value order by n) from sent where name = 'criteria'), '[
  {"factor_type": "option", "object_type": "person", "datapoint": "title", "operator": "in", "value": "CEO,CTO", "is_guardrail": false},
  {"factor_type": "volume", "object_type": "company", "datapoint": "employees", "operator": "between", "value": "50,200", "is_guardrail": false}
]'::jsonb, 'criteria are the use cases');
select is((select jsonb_agg(value order by n) from sent where name = 'factors'), '[
  {"factor_type": "option", "object_type": "person", "datapoint": "title", "operator": "in", "value": "CEO,CTO", "is_guardrail": false},
  {"factor_type": "volume", "object_type": "company", "datapoint": "employees", "operator": "between", "value": "50,200", "is_guardrail": false},
  {"factor_type": "boolean", "object_type": "person", "datapoint": null, "operator": "is_not_null", "value": null, "is_guardrail": true}
]'::jsonb, 'factors are the use cases and the guardrails');

select test_setup.complete(run_request_id, '{"status": 200, "body": {"people": []}}') is not null from claimed;
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request source done:no_objects 1',
  'run_queue done 1',
  'run_request done 1'], 'a search that finds nobody is done, and says so');
select is((select objects from activity_result), '[]'::jsonb, 'with an empty result');

select * from finish();

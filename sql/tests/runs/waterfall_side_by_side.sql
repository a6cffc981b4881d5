-- Sources asked side by side end in any order. One that is asked while another is still out is asked for what that
-- one may fail to bring as well, since nobody is asked twice about one object.
select plan(7);

select test_setup.setup_enrichment_test_data();
insert into source (id, name, run_request_template)
values (test_setup.id('Archive'), 'Archive', '{"method": "POST", "url": "https://archive.test/", "body": {"ask": "<<$datapoints>>"},
  "response": {"objects": "found"}}');
insert into datapoint_source (source_id, datapoint_id, key_mapping_json, priority)
select test_setup.id('Archive'), test_setup.id('company.' || d.name), to_jsonb(d.name), 30
from unnest('{industry,funding}'::text[]) as d (name);

-- What one that is still out may bring is asked nowhere else.
select test_setup.enrich('{b.test}');
create temp table both_asked as select * from test_setup.claim();
select test_setup.answer(b.run_request_id, '{"company": {"sector": "paper", "staff": {}}}')
from both_asked as b
where b.source = 'AlgOps API Client';
select is(test_setup.runs(), array[
  'b.test AlgOps API Client done',
  'b.test Company Register in_progress'], 'the next source waits for the one that is still out');
select test_setup.answer(b.run_request_id, '{"result": {"entries": [{"website": "b.test", "employees": 5, "capital": {"raised": 7}}]}}')
from both_asked as b
where b.source = 'Company Register';
select is(test_setup.state(test_setup.activity()), 'done', 'and is not asked when that one brings it');
delete from workflow_request;

select test_setup.enrich('{a.test}');
create temp table first_round as select * from test_setup.claim();
select is((select array_agg(f.source order by f.source) from first_round as f), '{AlgOps API Client,Company Register}',
  'two sources are asked side by side');
select test_setup.answer(f.run_request_id, '{"result": {"entries": [{"website": "a.test", "employees": 5}]}}')
from first_round as f
where f.source = 'Company Register';
create temp table second_round as select * from test_setup.claim();
select is((select array_agg(s.source) from second_round as s), '{Archive}', 'the next is asked for the funding while one is still out');
select is((select s.request -> 'body' from second_round as s), '{"ask": ["funding", "industry"]}'::jsonb,
  'and for what that one is still asked for');
select test_setup.answer(f.run_request_id, '{"company": {"staff": {}}}')
from first_round as f
where f.source = 'AlgOps API Client';
select test_setup.answer(s.run_request_id, '{"found": {"funding": 7, "industry": "paper"}}')
from second_round as s;
select is((select r.objects -> 0 -> 'values' from activity_result as r),
  '{"industry": "paper", "employees": 5, "funding": 7}'::jsonb, 'nothing is lost by the order in which they answered');
select is(test_setup.state(test_setup.activity()), 'done', 'the activity is done');

select * from finish();

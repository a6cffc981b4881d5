-- A further page of a run costs what the first one does. The workflow's budget ends the run there, the month's makes it wait.
select plan(16);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
select count(*) from etl_api.ensure_partitions();
update source
set cost_per_run = 1,
    run_request_template = '{"method": "GET", "url": "https://api.algops.test/v1/search", "query": {"after": "<<$cursor>>"},
      "response": {"objects": "hits", "next_cursor": "next"}}'
where name = 'AlgOps Search';
create function pg_temp.search(budget jsonb) returns uuid language sql as $$
  select test_setup.start(jsonb_build_object(
    'config', jsonb_build_object('budget', budget),
    'data', jsonb_build_object('search', jsonb_build_object('id', test_setup.id('extract companies')))))
$$;
create function pg_temp.page(n int) returns int language sql as $$
  select test_setup.exchange(jsonb_build_object('hits', jsonb_build_array(jsonb_build_object('host', n || '.test')), 'next', n))
$$;

create temp table request as select pg_temp.search('2') as id;
select is(pg_temp.page(1), 1, 'the first page is paid');
select is(pg_temp.page(2), 1, 'the second, too');
select is((select array_agg(state || coalesce(':' || state_substate, '') || ' ' || cost order by page) from run_request),
  '{"done 1","done 1","invalid:budget_exceeded 0"}', 'the third is not');
select is((select error ->> 'message' from run_request where page = 3),
  'The workflow request may cost 2 and has cost 2; another request to source AlgOps Search costs 1.', 'it says why');
select is(test_setup.state(test_setup.activity('search')), 'done:partial', 'what was found is the result');
select is((select summary ->> 'objects' from activity_result), '2', 'of both pages');
delete from workflow_request;

update org set settings = '{"monthly_budget": 2}' where id = test_setup.id('org acme');
update etl_api.budget_used set amount = 0;
select pg_temp.search('4');
select is(pg_temp.page(1), 1, 'the first page is paid by the month');
select is(pg_temp.page(2), 1, 'the second, too');
select is((select array_agg(state || coalesce(':' || state_substate, '') order by page) from run_request), '{done,done,waiting:budget}', 'the third waits');
set etl.fake_now = '2026-05-01 10:01:00Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'a minute later, too');
select is((select due_at from run_request where page = 3), '2026-05-01 10:02:00Z', 'it is looked at again in a minute');
update org set settings = '{"monthly_budget": 3}' where id = test_setup.id('org acme');
set etl.fake_now = '2026-05-01 10:02:00Z';
select is(pg_temp.page(3), 1, 'when the budget is raised it is sent');
select is((select array_agg(coalesce(month::text, 'workflow') || ' ' || amount order by month) from etl_api.budget_used),
  '{"2026-05-01 3","workflow 4"}', 'each paid once; the fourth waits for the month, and has its place in the workflow''s budget');
set etl.fake_now = '2026-05-31 23:59:30Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'it waits');
set etl.fake_now = '2026-06-01 00:00:00Z';
select is((select count(*) from test_setup.claim()), 1::bigint, 'until the next month');
select is((select array_agg(coalesce(month::text, 'workflow') || ' ' || amount order by month) from etl_api.budget_used),
  '{"2026-05-01 3","2026-06-01 1","workflow 4"}', 'which pays it');

select * from finish();

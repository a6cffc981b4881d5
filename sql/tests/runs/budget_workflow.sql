-- data.config.budget caps what the HTTP requests of a workflow request cost together; what it does not allow is invalid
-- and says so, what was found is delivered.
select plan(17);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source set cost_per_run = 0.4 where name = 'AlgOps API Client';
create function pg_temp.enrich(domains text[], budget jsonb, datapoints jsonb default '["industry"]') returns uuid language sql as $$
  select test_setup.start(jsonb_build_object(
    'config', jsonb_build_object('budget', budget),
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', jsonb_build_object('config', jsonb_build_object('datapoints', datapoints))))))
$$;
create function pg_temp.faults(id uuid) returns text language sql as $$
  select state || ' ' || state_substate || ' ' || (errors #>> '{0,path}') || ' ' || (errors #>> '{0,message}') from workflow_request where workflow_request.id = faults.id
$$;

select is(pg_temp.faults(pg_temp.enrich('{a.test}', '-1')), 'invalid invalid_type $.config.budget budget is a number from 0, but this is the number -1.', 'a budget is a number from 0');
select is(left(pg_temp.faults(pg_temp.enrich('{a.test}', '"10"')), 36), 'invalid invalid_type $.config.budget', 'not a text');
select is(test_setup.state(pg_temp.enrich('{none.test}', 'null')), 'in_progress', 'null is none');
select is((select count(*) from etl_api.budget_used), 0::bigint, 'without a budget nothing is counted');
select is(test_setup.exchange('{"company": {"domain": "none.test", "sector": "Tools"}}'), 1, 'it is run');
select is((select sum(cost) from run_request), 0.4, 'what it cost is noted');
delete from workflow_request;

create temp table request as select pg_temp.enrich('{a.test,b.test,c.test,d.test}', '1') as id;
create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed), 2::bigint, 'a budget of 1 pays two at 0.4');
select is((select array_agg(state || coalesce(':' || state_substate, '') order by state) from run_queue),
  '{invalid:budget_exceeded,invalid:budget_exceeded,in_progress,in_progress}', 'the others are refused');
select is((select distinct error ->> 'message' from run_queue where state = 'invalid'),
  'The workflow request may cost 1 and has cost 0.8; another request to source AlgOps API Client costs 0.4.', 'with the reason');
select is((select array_agg(amount || ' of ' || cap) from etl_api.budget_used), '{0.8 of 1}', 'what is spent');
select is((select count(test_setup.answer(run_request_id, '{"company": {"sector": "Tools"}}')) from claimed), 2::bigint, 'the two are answered');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'what could be paid is the result');
select is((select amount from etl_api.budget_used), 0.8, 'an answer costs nothing');
delete from workflow_request;
select is((select count(*) from etl_api.budget_used), 0::bigint, 'what was spent goes with the request');

-- What costs nothing needs no budget, and the next source of the waterfall is asked instead.
create temp table free as select pg_temp.enrich('{a.test}', '0', '["employees"]') as id;
select is((select count(*) from test_setup.claim()), 0::bigint, 'a budget of 0 pays nothing');
select results_eq('select source from test_setup.claim()', array['Company Register'], 'but a source that costs nothing');
select is(test_setup.runs(), array['a.test AlgOps API Client invalid:budget_exceeded', 'a.test Company Register in_progress'], 'is asked next');

select * from finish();

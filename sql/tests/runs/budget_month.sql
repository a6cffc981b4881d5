-- org.settings.monthly_budget caps what a tenant's HTTP requests cost in a calendar month in UTC: what it does not allow
-- waits until it is raised or the next month begins, and costs nobody anything meanwhile.
select plan(26);

set etl.fake_now = '2026-05-31 23:00:00Z';
select test_setup.setup_enrichment_test_data();
select count(*) from etl_api.ensure_partitions();
insert into activity (id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich for all'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');
update source set cost_per_run = 2 where name = 'AlgOps API Client';
create function pg_temp.enrich(org text, domains text[], source text default 'AlgOps API Client') returns uuid language sql as $$
  select test_setup.start(jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich for all')))), test_setup.id(org))
$$;
create function pg_temp.budget(value text) returns void language sql as $$
  update public.org set settings = settings || jsonb_build_object('monthly_budget', value::jsonb) where id = test_setup.id('org acme')
$$;
create function pg_temp.waiting() returns text[] language sql as $$
  select array_agg(state_substate || ' ' || count order by state_substate)
  from (select state_substate, count(*) from run_queue where state = 'waiting' group by state_substate) as w
$$;

select is(test_setup.outcome('select pg_temp.budget(''-1'')'),
  format('ETL07 org %s: settings.monthly_budget must be a number from 0, not -1 | Correct this setting, or leave it out for its default; nothing of the statement was written.', test_setup.id('org acme')),
  'a budget is a number from 0');
select is(left(test_setup.outcome('select pg_temp.budget(''"10"'')'), 5), 'ETL07', 'no text');

-- Half of the month is over before there is a budget.
select pg_temp.enrich('org acme', '{a.test}');
select is((select count(*) from test_setup.claim()), 1::bigint, 'without a budget');
select is((select count(*) from etl_api.budget_used), 0::bigint, 'nobody counts');
select pg_temp.budget('7');
select is((select array_agg(month || ' ' || amount) from etl_api.budget_used), '{"2026-05-01 2"}', 'a new one counts what the month has cost');

select pg_temp.enrich('org acme', '{b.test,c.test,d.test,e.test,f.test}');
select is((select count(*) from test_setup.claim()), 2::bigint, 'two more are paid');
select is(pg_temp.waiting(), '{"budget 3"}', 'the others wait');
select is((select amount from etl_api.budget_used), 6::numeric, 'six of seven are spent');
create temp table history as select count(*) from etl_api.state_history;
select is((select count(*) from test_setup.claim()), 0::bigint, 'they are not tried again');
select is((select count(*) from etl_api.state_history), (select count from history), 'nor written');
select count(*) from etl_api.recover();
select is_empty('select * from etl_api.recover() where what = ''bell''', 'nor rung for');
select pg_temp.enrich('org other', '{x.test}');
update source set max_concurrency = 4 where name = 'AlgOps API Client';
select results_eq('select * from etl_api.recover() where what = ''bell''', $$values ('bell', 1::bigint)$$, 'other tenants are');
select is((select count(*) from test_setup.claim(1)), 1::bigint, 'and have the turn');
update source set max_concurrency = null where name = 'AlgOps API Client';

select pg_temp.budget('8');
select results_eq('select * from etl_api.recover() where what = ''bell''', $$values ('bell', 1::bigint)$$, 'a raised budget rings');
select is((select count(*) from test_setup.claim()), 1::bigint, 'and pays one more');
select is((select count(*) from test_setup.claim()), 0::bigint, 'only');
select pg_temp.budget('1');
select is((select count(*) from test_setup.claim()), 0::bigint, 'a lowered one takes nothing back, and allows nothing');

select count(test_setup.answer(id, '{}', 404)) from run_request where state = 'in_progress';
set etl.fake_now = '2026-05-31 23:59:59.9Z';
select is_empty('select * from etl_api.recover() where what = ''bell''', 'to the end of the month');
select pg_temp.budget('2.5');
set etl.fake_now = '2026-06-01 00:00:00Z';
select results_eq('select * from etl_api.recover() where what = ''bell''', $$values ('bell', 1::bigint)$$, 'the next month rings');
select is((select count(*) from test_setup.claim()), 1::bigint, 'and has a budget of its own');
select is((select array_agg(month || ' ' || amount order by month) from etl_api.budget_used), '{"2026-05-01 8","2026-06-01 2"}', 'counted by itself');
select is(pg_temp.waiting(), '{"budget 1"}', 'the last waits');
update source set cost_per_run = 0 where name = 'AlgOps API Client';
select is((select count(*) from test_setup.claim()), 1::bigint, 'what costs nothing needs none');
select is((select sum(cost) from run_request where org_id = test_setup.id('org acme')), 10::numeric, 'each request keeps what it cost when it was made');
update source set cost_per_run = 1 where name = 'AlgOps API Client';
select pg_temp.enrich('org acme', '{g.test}');
select pg_temp.budget('null');
select is((select count(*) from test_setup.claim()), 1::bigint, 'without a budget all goes');
select is((select amount from etl_api.budget_used where month = '2026-06-01'), 2::numeric, 'uncounted');

select * from finish();

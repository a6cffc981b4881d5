-- A source is sent at most rate_limit.second HTTP requests in each second; what is left waits, and nothing spins.
select plan(13);

set etl.fake_now = '2026-05-01 10:00:00.7Z';
select test_setup.setup_enrichment_test_data();
select count(*) from etl_api.ensure_partitions();
update source set rate_limit = '{"second": 2}' where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test,c.test,d.test,e.test}', '{"datapoints": ["industry"]}');
select count(*) from etl_api.recover();

select is((select count(*) from test_setup.claim(1)), 1::bigint, 'one as asked for');
select is((select count(*) from test_setup.claim()), 1::bigint, 'of five one more in this second');
select is((select count(*) from test_setup.claim()), 0::bigint, 'then none');
select is((select array_agg(state_substate) from run_queue where state = 'waiting'), '{allocation,allocation,allocation}', 'the others wait as before');
select is_empty('select * from etl_api.recover() where what = ''bell''', 'nobody is woken for them');
set etl.fake_now = '2026-05-01 10:00:00.999999Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'nor one at the very end of the second');
select is_empty('select * from etl_api.recover() where what = ''bell''', 'still no bell');

set etl.fake_now = '2026-05-01 10:00:01Z';
select results_eq('select * from etl_api.recover() where what = ''bell''', $$values ('bell', 1::bigint)$$, 'the bell rings when the second is over');
select is((select count(*) from test_setup.claim()), 2::bigint, 'two in the next second');
set etl.fake_now = '2026-05-01 10:00:00.8Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'who began before and comes after counts in the window there is');
set etl.fake_now = '2026-05-01 10:00:09Z';
select is((select count(*) from test_setup.claim()), 1::bigint, 'the last when there is room');
select is((select jsonb_object_agg(period, to_char(began_at at time zone 'UTC', 'HH24:MI:SS') || ' ' || used) from etl_api.source_window), '{"second": "10:00:09 1"}',
  'one row counts');
select is((select count(*) from run_request where state = 'in_progress'), 5::bigint, 'all are under way');

select * from finish();

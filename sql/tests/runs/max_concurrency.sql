-- A source never has more HTTP requests in flight than max_concurrency, retries and follow-ups included.
select plan(8);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source set max_concurrency = 2 where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test,c.test,d.test,e.test}', '{"datapoints": ["industry"]}');

create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed), 2::bigint, 'two of five');
select is((select count(*) from test_setup.claim()), 0::bigint, 'no more while these are in flight');
select is((select test_setup.answer(run_request_id, '{}', 503) from claimed limit 1), 'accepted', 'one fails and will be sent again');
insert into claimed select * from test_setup.claim();
select is((select count(*) from claimed), 3::bigint, 'its place is free');

set etl.fake_now = '2026-05-01 10:00:02Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'the one to be sent again waits for a place, too');
select is((select count(test_setup.answer(run_request_id, '{"company": {"sector": "Tools"}}')) from claimed offset 0), 3::bigint,
  'the others are answered');
insert into claimed select * from test_setup.claim();
select is((select array_agg(attempt order by attempt) from (select attempt from claimed offset 3) as c), '{1,2}',
  'the retry goes first, then the next');
select is((select count(*) from run_request where state = 'in_progress'), 2::bigint, 'two in flight');

select * from finish();

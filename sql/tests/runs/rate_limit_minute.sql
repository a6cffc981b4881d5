-- Several windows hold together: the tightest decides.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:30Z';
select test_setup.setup_enrichment_test_data();
update source set rate_limit = '{"second": 2, "minute": 3}' where name = 'AlgOps API Client';
select test_setup.enrich(array(select n || '.test' from generate_series(1, 9) as n), '{"datapoints": ["industry"]}');

select is((select count(*) from test_setup.claim()), 2::bigint, 'two in this second');
set etl.fake_now = '2026-05-01 10:00:31Z';
select is((select count(*) from test_setup.claim()), 1::bigint, 'in the next one only what the minute leaves');
set etl.fake_now = '2026-05-01 10:00:59.9Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'then none in this minute');
set etl.fake_now = '2026-05-01 10:01:00Z';
select is((select count(*) from test_setup.claim()), 2::bigint, 'a new minute, a new second');
update source set rate_limit = '{"second": 10, "minute": 5}' where name = 'AlgOps API Client';
select is((select count(*) from test_setup.claim()), 3::bigint, 'a limit that is raised counts what was sent before');
set etl.fake_now = '2026-05-01 10:01:10Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'and holds');
update source set rate_limit = null where name = 'AlgOps API Client';
select is((select count(*) from test_setup.claim()), 1::bigint, 'without a limit the rest goes');

select * from finish();

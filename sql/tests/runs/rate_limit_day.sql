-- The day of a rate limit is the day in UTC, whatever time zone the worker lives in.
select plan(4);

set timezone = 'America/New_York';
set etl.fake_now = '2026-05-01 23:59:59Z';
select test_setup.setup_enrichment_test_data();
update source set rate_limit = '{"day": 2}' where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"]}');

select is((select count(*) from test_setup.claim()), 2::bigint, 'two on this day');
set timezone = 'Asia/Tokyo';
select is((select count(*) from test_setup.claim()), 0::bigint, 'also where it is the next day already');
set etl.fake_now = '2026-05-02 00:00:00Z';
set timezone = 'America/New_York';
select is((select count(*) from test_setup.claim()), 1::bigint, 'the day ends at midnight in UTC');
select is((select used || ' since ' || (began_at at time zone 'UTC') from etl_api.source_window), '1 since 2026-05-02 00:00:00', 'from there it counts');

select * from finish();

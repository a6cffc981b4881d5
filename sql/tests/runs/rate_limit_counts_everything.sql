-- Each HTTP request counts: the first one, retries, status questions, fetches, pages; also one handed back.
select plan(10);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create function pg_temp.used() returns int language sql as $$ select used from etl_api.source_window where period = 'day' $$;
update source
set rate_limit = '{"day": 7, "minute": 1}', retry_policy = '{"jitter": 0, "base_seconds": 60}',
    poll_policy = '{"first_seconds": 60, "factor": 1}',
    status_request_template = '{"method": "GET", "url": "https://api.algops.test/v1/jobs/<<$run_external_id>>"}',
    delivery_request_template = '{"method": "GET", "url": "https://api.algops.test/v1/jobs/<<$run_external_id>>/result", "response": {"objects": "company"}}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');

select is(test_setup.exchange('{}', 503), 1, 'the first attempt');
set etl.fake_now = '2026-05-01 10:01:00Z';
select is(test_setup.exchange('{"id": "job-1"}'), 1, 'the retry');
set etl.fake_now = '2026-05-01 10:02:00Z';
select is(test_setup.exchange('{"status": "running"}'), 1, 'a status question');
set etl.fake_now = '2026-05-01 10:03:00Z';
select is(test_setup.exchange('{"status": "done"}'), 1, 'the next one');
select is((select count(*) from test_setup.claim()), 0::bigint, 'the result waits for the next minute');
select is(pg_temp.used(), 4, 'each counted');
set etl.fake_now = '2026-05-01 10:04:00Z';
select is(
  (select etl_api.release_run_requests(jsonb_agg(to_jsonb(c))) from etl_api.claim_run_requests('one', 10) as c), 1, 'a fetch is handed back');
select is((select count(*) from test_setup.claim()), 0::bigint, 'what is handed back is not given back');
set etl.fake_now = '2026-05-01 10:05:00Z';
select is(test_setup.exchange('{"company": {"domain": "a.test", "sector": "Tools"}}'), 1, 'the fetch');
select is(pg_temp.used() || ' ' || test_setup.state(test_setup.activity()), '6 done', 'six in all');

select * from finish();

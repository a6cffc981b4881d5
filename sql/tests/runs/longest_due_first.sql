-- Where a source cannot take all that is due, it takes what has been due longest, whichever activity is older.
select plan(4);

select test_setup.setup_enrichment_test_data();
update source set max_objects_per_request = 10, max_concurrency = 1,
  run_request_template = '{"method": "POST", "url": "https://x.test", "body": "<<$objects>>"}';
set etl.fake_now = '2026-05-01 10:00:00Z';
create function pg_temp.request(domain text) returns void language sql as $$
  select test_setup.start(jsonb_build_object(
    'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', domain || '1.test'), jsonb_build_object('domain', domain || '2.test'))),
    'data', jsonb_build_object('enrich', jsonb_build_object(
      'id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb))))
$$;
select pg_temp.request('older');
select pg_temp.request('newer');
-- As after a retry: the older activity's runs are due again, but later than the newer one's.
set etl.fake_now = '2026-05-01 10:05:00Z';
update run_queue set due_at = '2026-05-01 10:04:00Z'
where activity_request_id = (select id from activity_request order by id limit 1);

create temp table first_claim as select * from etl_api.claim_run_requests('one', 10);
select is((select array_agg(o ->> 'domain' order by o ->> 'domain') from first_claim, jsonb_array_elements(request -> 'body') as o),
  '{newer1.test,newer2.test}', 'what was due first goes first');
select is((select count(*) from etl_api.claim_run_requests('two', 10)), 0::bigint, 'the source is full');
select is((select test_setup.answer(run_request_id, '{}', 404) from first_claim), 'accepted', 'it answers');
select is((select array_agg(o ->> 'domain' order by o ->> 'domain') from etl_api.claim_run_requests('two', 10) as c, jsonb_array_elements(c.request -> 'body') as o),
  '{older1.test,older2.test}', 'then the other');

select * from finish();

-- Many objects in one request: set-based all the way, one message at the end.
select plan(9);

select test_setup.setup_enrichment_test_data();
update source
set max_objects_per_request = 500,
    run_request_template = '{"method": "POST", "url": "https://x.test", "body": "<<$objects>>", "response": {"objects": "companies"}}';
-- Every tenth is there twice, in another spelling.
select test_setup.start(jsonb_build_object(
  'input', jsonb_build_object('companies', (
    select jsonb_agg(jsonb_build_object('domain', case when n % 10 = 0 then upper('c' || n - 1) else 'c' || n end || '.test') order by n)
    from generate_series(1, 5000) as n)),
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
    'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

select is((select count(*) from object), 4500::bigint, 'each company is one object');
select is((select count(*) from run_queue), 4500::bigint, 'and one run');

create temp table sent as select * from etl_api.claim_run_requests('one', 100);
select is((select array_agg(distinct jsonb_array_length(request -> 'body')) from sent), '{500}', 'requests are full');
select is((select count(*) from sent), 4::bigint, 'a claim allocates at most 2,000 runs of a source');
insert into sent select c.* from etl_api.claim_run_requests('two', 100) as c;
insert into sent select c.* from etl_api.claim_run_requests('three', 100) as c;
select is((select count(*) from sent), 9::bigint, 'further claims take the rest');

-- All at once, in another order than they were sent, each with its own objects and some nobody asked for.
select is((
  select bool_and(done.accepted)
  from etl_api.complete_run_requests((
    select jsonb_agg(jsonb_build_object(
      'run_request_id', run_request_id, 'lease_token', lease_token, 'status', 200,
      'body', jsonb_build_object('companies', (
        select jsonb_agg(jsonb_build_object('domain', o ->> 'domain', 'sector', 'of ' || (o ->> 'domain'))) || '[{"domain": "stranger.test", "sector": "x"}]'
        from jsonb_array_elements(request -> 'body') as o))) order by run_request_id desc)
    from sent)) as done), true, 'nine answers in one call');
select is((select count(*) from value where source_id is not null), 4500::bigint, 'each value is stored once');
select is((select summary from activity_result), '{"runs": {"done": 4500}, "values": 4500, "missing": 0, "refused": 0, "objects": 4500}'::jsonb, 'the result is whole');
select is(test_setup.states(), array['workflow_request done 1', 'activity_request enrich done 1',
  'run_queue done 4500', 'run_request done 9', 'delivery ready 1'], 'all has ended, and there is one message');

select * from finish();

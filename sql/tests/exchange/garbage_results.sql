-- Whatever stands in the list of results, each entry gets its own answer, and the good ones among them count.
select plan(5);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test,c.test,d.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from etl_api.claim_run_requests('one', 10);
create temp table before as select test_setup.fingerprint() as text;

select results_eq(
  $$select c.run_request_id, c.accepted, c.message from etl_api.complete_run_requests(
    '[null, {}, "text", 7, [], {"run_request_id": null}, {"run_request_id": 5}, {"run_request_id": "x"}, {"run_request_id": {}}]') as c$$,
  $$select null::uuid, false, case when n = 1 then 'not a result: run_request_id is missing or not a UUID' else
      'not a result: run_request_id is missing or not a UUID' end from generate_series(1, 9) as n$$,
  'what is no result is told so, one row each');
select is((select count(*) from etl_api.complete_run_requests('[]')), 0::bigint, 'an empty list gives no row');
select is(test_setup.fingerprint(), (select text from before), 'nothing was changed');

-- Numbers that no status or duration can be, wrong types, among a good one.
select is(
  (select array_agg(c.accepted) from etl_api.complete_run_requests((
    select jsonb_agg(jsonb_build_object('run_request_id', t.run_request_id, 'lease_token', t.lease_token) || t.result)
    from (
      select c.run_request_id, c.lease_token, (array[
        '{"status": 1e30, "duration_ms": 1e30, "body": {}}',
        '{"status": "200", "duration_ms": "fast", "headers": [1], "body": {"company": {"sector": "X"}}}',
        '{"status": {"code": 200}, "headers": "none", "error": "broken", "body_text": {"a": 1}}',
        '{"status": 200, "duration_ms": -3.5, "headers": null, "error": null, "body": {"company": {"sector": "Good"}}}'
      ]::jsonb[])[row_number() over ()] as result
      from claimed as c) as t)) as c),
  '{t,t,t,t}', 'results that make no sense are accepted as what they are');
select is(
  (select array_agg(r.state || ':' || coalesce(r.state_substate, '') order by r.state, r.state_substate) from run_request as r),
  array['waiting:backoff', 'waiting:backoff', 'waiting:backoff', 'done:'], 'the good one is done; the others count as no answer, and are tried again');

select * from finish();

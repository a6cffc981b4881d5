-- Only the holder of a living lease may report; everybody else is told, and changes nothing.
select plan(13);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
create temp table claimed as select * from etl_api.claim_run_requests('one', 10) order by request::text;
select is((select array_agg(lease_until) from claimed), array['2026-05-01 10:01:30Z', '2026-05-01 10:01:30Z']::timestamptz[],
  'a lease lasts the time limit of the request and lease_seconds');
select is((select array_agg(timeout_ms || ' ' || secret_scope || ' ' || attempt) from claimed),
  array['30000 shared 1', '30000 shared 1'], 'the claim says how long a request may take and whose secrets it uses');
create temp table first as select * from claimed limit 1;
create temp table before as select test_setup.fingerprint() as text;

select is(test_setup.complete(run_request_id, jsonb_build_object('lease_token', gen_random_uuid(), 'status', 200, 'body', '{}'::jsonb)),
  'the lease is lost: nothing was changed', 'a wrong token') from first;
select is(test_setup.complete(run_request_id, '{"lease_token": "no uuid", "status": 200}'),
  'the lease is lost: nothing was changed', 'a token that is none') from first;
select is(test_setup.complete(run_request_id, '{"lease_token": null, "status": 200}'),
  'the lease is lost: nothing was changed', 'no token') from first;
select is(test_setup.complete(test_setup.id('nothing'), '{"status": 200}'), 'no such request', 'an unknown id');
set etl.fake_now = '2026-05-01 10:01:30Z';
select is(test_setup.answer(run_request_id, '{"company": {"sector": "Late"}}'),
  'the lease is lost: nothing was changed', 'the right token, too late') from first;
select is(test_setup.fingerprint(), (select text from before), 'nothing was changed');

set etl.fake_now = '2026-05-01 10:01:29Z';
select is(test_setup.answer(run_request_id, '{"company": {"sector": "In time"}}'), 'accepted', 'the right token in time') from first;
create temp table after as select test_setup.fingerprint() as text;
select is(
  (select (accepted, message)::text from first cross join lateral etl_api.complete_run_requests(jsonb_build_array(
    jsonb_build_object('run_request_id', first.run_request_id, 'lease_token', first.lease_token, 'status', 500)))),
  '(f,"already done: nothing was changed")', 'the same token a second time');
select is(test_setup.fingerprint(), (select text from after), 'nothing was changed by the second');

-- Twice in one call: the first one counts.
select results_eq(
  $$select c.accepted, c.message
    from (select * from claimed offset 1) as second
    cross join lateral etl_api.complete_run_requests(jsonb_build_array(
      jsonb_build_object('run_request_id', second.run_request_id, 'lease_token', second.lease_token, 'status', 200,
        'body', '{"company": {"sector": "First"}}'::jsonb),
      jsonb_build_object('run_request_id', second.run_request_id, 'lease_token', second.lease_token, 'status', 200,
        'body', '{"company": {"sector": "Second"}}'::jsonb))) as c$$,
  $$values (true, null::text), (false, 'given twice in this call: the first one counts')$$, 'two results for one request in one call');
select is((select array_agg(value order by value) from value where source_id is not null), '{"\"First\"","\"In time\""}'::jsonb[],
  'the values are of the accepted answers');

select * from finish();

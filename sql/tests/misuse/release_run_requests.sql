-- Whatever is wrong with a hand-back is said or left out, and costs none of the others.
select plan(15);

select test_setup.set_up_misuse();
create temp table mine as select run_request_id as id, lease_token as token from etl_api.claim_run_requests('one', 10) limit 1;
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'null', 'select etl_api.release_run_requests(null)', null, 'none',
      'ETL04 leases is null: it must be an array | Give [{"run_request_id", "lease_token"}] as the claim returned them.'),
    (2, 'an object', 'select etl_api.release_run_requests(''{}'')', null, 'service_role',
      'ETL04 leases is object: it must be an array | Give [{"run_request_id", "lease_token"}] as the claim returned them.'),
    (3, 'no JSON', 'select etl_api.release_run_requests(''[{'')', null, 'none', '22P02 invalid input syntax for type json'),
    (4, 'nothing', 'select etl_api.release_run_requests(''[]'')', null, 'none', '(0)'),
    (5, 'no leases', 'select etl_api.release_run_requests(''[null, 7, "x", [], {}, {"run_request_id": null}, {"run_request_id": "x"}]'')', null, 'none', '(0)'),
    (6, 'an unknown id', format('select etl_api.release_run_requests(''[{"run_request_id": "%s", "lease_token": "%s"}]'')', test_setup.id('none'), test_setup.id('none')), null, 'none', '(0)'),
    (7, 'another''s token', format('select etl_api.release_run_requests(''[{"run_request_id": "%s", "lease_token": "%s"}]'')', (select id from mine), test_setup.id('none')), null, 'none', '(0)'),
    (8, 'no token', format('select etl_api.release_run_requests(''[{"run_request_id": "%s"}]'')', (select id from mine)), null, 'none', '(0)'),
    (9, 'deeper than the server reads', 'select etl_api.release_run_requests((repeat(''['', 50000) || repeat('']'', 50000))::jsonb)', null, 'none',
      '54001 stack depth limit exceeded | Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform''s stack depth limit is adequate.'),
    (10, 'a member of the org', 'select etl_api.release_run_requests(''[]'')', 'mia', 'authenticated', '42501 permission denied for function release_run_requests'),
    (11, 'a member of another', 'select etl_api.release_run_requests(''[]'')', 'otto', 'authenticated', '42501 permission denied for function release_run_requests'),
    (12, 'anon', 'select etl_api.release_run_requests(''[]'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was handed back by any of these') from before;

-- A hundred thousand that are none, and one that is, twice.
select is(
  etl_api.release_run_requests((
    select jsonb_agg(case when n % 50000 = 0 then (select jsonb_build_object('run_request_id', id, 'lease_token', token) from mine)
      when n % 2 = 0 then jsonb_build_object('run_request_id', gen_random_uuid(), 'lease_token', gen_random_uuid()) else to_jsonb(n) end)
    from generate_series(1, 100000) as n)),
  1, 'of 100,000 the one lease is handed back');
select is(test_setup.state(id), 'ready:released', 'and that work is ready again') from mine;

select * from finish();

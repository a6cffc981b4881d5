-- Whatever is wrong with a report is said, one row each, and costs none of the others.
select plan(22);

select test_setup.set_up_misuse();
-- What is beyond the limits is refused anyway (sql/tests/intake/limits.sql); here they are lifted.
update etl_api.setting set value = 'null' where name in ('max_data_bytes', 'max_data_depth', 'max_answer_bytes');
create temp table claimed as select * from etl_api.claim_run_requests('one', 10);
create temp table mine as select run_request_id as id, lease_token as token from claimed limit 1;
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'null', 'select * from etl_api.complete_run_requests(null)', null, 'none', 'ETL04 results is null: it must be an array | Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].'),
    (2, 'JSON null', 'select * from etl_api.complete_run_requests(''null'')', null, 'service_role', 'ETL04 results is null: it must be an array | Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].'),
    (3, 'an object', 'select * from etl_api.complete_run_requests(''{}'')', null, 'none', 'ETL04 results is object: it must be an array | Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].'),
    (4, 'a number', 'select * from etl_api.complete_run_requests(''7'')', null, 'none', 'ETL04 results is number: it must be an array | Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].'),
    (5, 'a text of 20 MB', 'select * from etl_api.complete_run_requests(to_jsonb(repeat(''x'', 20000000)))', null, 'none', 'ETL04 results is string: it must be an array | Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].'),
    (6, 'no JSON', 'select * from etl_api.complete_run_requests(''[{'')', null, 'none', '22P02 invalid input syntax for type json'),
    (7, 'text that jsonb does not hold', 'select * from etl_api.complete_run_requests(''["\u0000"]'')', null, 'none', '22P05 unsupported Unicode escape sequence'),
    (8, 'deeper than the server reads', 'select * from etl_api.complete_run_requests((repeat(''['', 50000) || repeat('']'', 50000))::jsonb)', null, 'none',
      '54001 stack depth limit exceeded | Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform''s stack depth limit is adequate.'),
    (9, 'nothing', 'select * from etl_api.complete_run_requests(''[]'')', null, 'none', 'nothing'),
    (10, 'no results', 'select * from etl_api.complete_run_requests(''[null, 7, "x", [], {}, {"run_request_id": null}, {"run_request_id": "x"}]'')', null, 'none',
      array_to_string(array_fill('(,f,"not a result: run_request_id is missing or not a UUID")'::text, array[7]), '; ')),
    (11, 'an unknown id', format('select * from etl_api.complete_run_requests(''[{"run_request_id": "%s", "lease_token": "%s"}]'')', test_setup.id('none'), test_setup.id('none')),
      null, 'none', '(…,f,"no such request")'),
    (12, 'another''s token', format('select * from etl_api.complete_run_requests(''[{"run_request_id": "%s", "lease_token": "%s", "status": 200}]'')', (select id from mine), test_setup.id('none')),
      null, 'none', '(…,f,"the lease is lost: nothing was changed")'),
    (13, 'no token', format('select * from etl_api.complete_run_requests(''[{"run_request_id": "%s", "status": 200}]'')', (select id from mine)),
      null, 'none', '(…,f,"the lease is lost: nothing was changed")'),
    (14, 'a member of the org', 'select * from etl_api.complete_run_requests(''[]'')', 'mia', 'authenticated', '42501 permission denied for function complete_run_requests'),
    (15, 'a member of another', 'select * from etl_api.complete_run_requests(''[]'')', 'otto', 'authenticated', '42501 permission denied for function complete_run_requests'),
    (16, 'anon', 'select * from etl_api.complete_run_requests(''[]'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed by any of these') from before;

-- A hundred thousand that are none, around one that is.
create temp table answered as
select c.*
from etl_api.complete_run_requests((
  select jsonb_agg(case when n = 50000 then (select jsonb_build_object('run_request_id', id, 'lease_token', token, 'status', 200,
      'body', '{"company": {"sector": "toys"}}'::jsonb) from mine)
    when n % 2 = 0 then jsonb_build_object('run_request_id', gen_random_uuid()) else to_jsonb(n) end)
  from generate_series(1, 100000) as n)) as c;
select results_eq('select accepted, count(*) from answered group by 1 order by 1', 'values (false, 99999::bigint), (true, 1)', 'each of 100,000 is answered');
select is(test_setup.state(id), 'done', 'and the one that counts, counts') from mine;

-- Bodies beyond measure, each in one call with one like any other.
select test_setup.enrich(array(select 'big' || n || '.test' from generate_series(1, 6) as n), '{"datapoints": ["industry"]}');
create temp table big as select *, row_number() over (order by run_request_id) as n from etl_api.claim_run_requests('one', 10)
where request ->> 'url' like '%big%';
select is(
  (select array_agg(c.accepted) from etl_api.complete_run_requests((
    select jsonb_agg(jsonb_build_object('run_request_id', b.run_request_id, 'lease_token', b.lease_token, 'status', 200) || case b.n
      when 1 then jsonb_build_object('body', jsonb_build_object('company', jsonb_build_object('sector', 'S', 'text', repeat('x', 20000000))))
      when 2 then jsonb_build_object('body', ('{"company": {"sector": "deep", "rest": ' || repeat('{"a":[', 4900) || repeat(']}', 4900) || '}}')::jsonb)
      when 3 then jsonb_build_object('body', jsonb_build_object('company', (select jsonb_agg(jsonb_build_object('sector', n)) from generate_series(1, 100000) as n)))
      when 4 then jsonb_build_object('body_text', repeat('<', 20000000), 'error', '{"kind": "invalid_json", "message": "no JSON"}'::jsonb)
      when 5 then jsonb_build_object('body', ('{"company": {"sector": 1' || repeat('0', 100000) || '}}')::jsonb, 'headers', jsonb_build_object('retry-after', repeat('9', 1000000)))
      else '{"body": {"company": {"sector": "toys"}}}' end)
    from big as b)) as c),
  '{t,t,t,t,t,t}', '20 MB, 9,800 levels, 100,000 objects, a page of HTML, a number of 100,000 digits: all are taken');
select is(
  (select array_agg(r.state || coalesce(':' || r.state_substate, '') order by b.n) from big as b join run_request as r on r.id = b.run_request_id),
  '{done,done,done,waiting:backoff,done,done}', 'each as what it is');
select is(
  (select array_agg(left(v.value::text, 8) || ' ' || case when length(v.value::text) > 20 then 'and more' else '' end order by b.n)
   from big as b join run_queue as q on q.run_request_id = b.run_request_id join value as v on v.object_id = q.object_id and v.source_id is not null and v.datapoint_id = test_setup.id('company.industry')
   where b.n in (1, 2, 5, 6)),
  array['"S" ', '"deep" ', '10000000 and more', '"toys" '], 'and its value is found');

select * from finish();

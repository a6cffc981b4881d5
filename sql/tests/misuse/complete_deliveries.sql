-- Whatever is wrong with a report is said, one row each, and costs none of the others.
select plan(22);

select test_setup.set_up_misuse();
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
create temp table mine as select delivery_id as id, lease_token as token from claimed limit 1;
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'null', 'select * from etl_api.complete_deliveries(null)', null, 'none', 'ETL04 results is null: it must be an array | Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].'),
    (2, 'JSON null', 'select * from etl_api.complete_deliveries(''null'')', null, 'service_role', 'ETL04 results is null: it must be an array | Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].'),
    (3, 'an object', 'select * from etl_api.complete_deliveries(''{}'')', null, 'none', 'ETL04 results is object: it must be an array | Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].'),
    (4, 'a number', 'select * from etl_api.complete_deliveries(''7'')', null, 'none', 'ETL04 results is number: it must be an array | Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].'),
    (5, 'a text of 20 MB', 'select * from etl_api.complete_deliveries(to_jsonb(repeat(''x'', 20000000)))', null, 'none', 'ETL04 results is string: it must be an array | Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].'),
    (6, 'no JSON', 'select * from etl_api.complete_deliveries(''[{'')', null, 'none', '22P02 invalid input syntax for type json'),
    (7, 'text that jsonb does not hold', 'select * from etl_api.complete_deliveries(''["\u0000"]'')', null, 'none', '22P05 unsupported Unicode escape sequence'),
    (8, 'deeper than the server reads', 'select * from etl_api.complete_deliveries((repeat(''['', 50000) || repeat('']'', 50000))::jsonb)', null, 'none',
      '54001 stack depth limit exceeded | Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform''s stack depth limit is adequate.'),
    (9, 'nothing', 'select * from etl_api.complete_deliveries(''[]'')', null, 'none', 'nothing'),
    (10, 'no results', 'select * from etl_api.complete_deliveries(''[null, 7, "x", [], {}, {"delivery_id": null}, {"delivery_id": "x"}]'')', null, 'none',
      array_to_string(array_fill('(,f,"not a result: delivery_id is missing or not a UUID")'::text, array[7]), '; ')),
    (11, 'an unknown id', format('select * from etl_api.complete_deliveries(''[{"delivery_id": "%s", "lease_token": "%s"}]'')', test_setup.id('none'), test_setup.id('none')),
      null, 'none', '(…,f,"no such delivery")'),
    (12, 'another''s token', format('select * from etl_api.complete_deliveries(''[{"delivery_id": "%s", "lease_token": "%s", "status": 200}]'')', (select id from mine), test_setup.id('none')),
      null, 'none', '(…,f,"the lease is lost: nothing was changed")'),
    (13, 'no token', format('select * from etl_api.complete_deliveries(''[{"delivery_id": "%s", "status": 200}]'')', (select id from mine)),
      null, 'none', '(…,f,"the lease is lost: nothing was changed")'),
    (14, 'a member of the org', 'select * from etl_api.complete_deliveries(''[]'')', 'mia', 'authenticated', '42501 permission denied for function complete_deliveries'),
    (15, 'a member of another', 'select * from etl_api.complete_deliveries(''[]'')', 'otto', 'authenticated', '42501 permission denied for function complete_deliveries'),
    (16, 'anon', 'select * from etl_api.complete_deliveries(''[]'')', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;
select is(test_setup.fingerprint(), work, 'nothing was changed by any of these') from before;

-- A hundred thousand that are none, around one that is.
create temp table answered as
select c.*
from etl_api.complete_deliveries((
  select jsonb_agg(case when n = 50000 then (select jsonb_build_object('delivery_id', id, 'lease_token', token, 'status', 200,
      'body', '{"company": {"sector": "toys"}}'::jsonb) from mine)
    when n % 2 = 0 then jsonb_build_object('delivery_id', gen_random_uuid()) else to_jsonb(n) end)
  from generate_series(1, 100000) as n)) as c;
select results_eq('select accepted, count(*) from answered group by 1 order by 1', 'values (false, 99999::bigint), (true, 1)', 'each of 100,000 is answered');
select is(test_setup.state(id), 'delivered', 'and the one that counts, counts') from mine;

-- Reports beyond measure, each in one call with one like any other.
delete from workflow_request;
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/many"}') from generate_series(1, 4);
create temp table big as select *, row_number() over (order by delivery_id) as n from etl_api.claim_deliveries('one', 10);
select is(
  (select array_agg(c.accepted) from etl_api.complete_deliveries((
    select jsonb_agg(jsonb_build_object('delivery_id', b.delivery_id, 'lease_token', b.lease_token) || case b.n
      when 1 then jsonb_build_object('error', jsonb_build_object('kind', 'network', 'message', repeat('x', 20000000)))
      when 2 then jsonb_build_object('status', 500, 'headers', jsonb_build_object('retry-after', repeat('9', 1000000)))
      when 3 then jsonb_build_object('status', ('1' || repeat('0', 100000))::numeric, 'body', (repeat('[', 5000) || repeat(']', 5000))::jsonb)
      else '{"status": 204}' end)
    from big as b)) as c),
  '{t,t,t,t}', 'an error of 20 MB, a time beyond time, a status of 100,000 digits: all are taken');
select is(
  (select array_agg(d.state || coalesce(':' || d.state_substate, '') order by b.n) from big as b join delivery as d on d.id = b.delivery_id),
  '{waiting:backoff,waiting:backoff,waiting:backoff,delivered}', 'each as what it is');
select is((select max(length(d.error::text)) < 3000 from delivery as d), true, 'what is kept of an error has an end');

select * from finish();

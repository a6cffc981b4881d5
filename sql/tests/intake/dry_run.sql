-- What would be sent, without sending or storing any of it.
select plan(20);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.set_up_people();
select test_setup.setup_extract_test_data();
update source set cost_per_run = 0.25, rate_limit = '{"second": 1}', max_concurrency = 1 where name = 'AlgOps API Client';
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich later'), test_setup.id('org acme'), 'Later', 'enrichment', test_setup.id('company'), '{industry}');
create temp table before as
select test_setup.fingerprint() as work, (select md5(string_agg(o::text, ',' order by o.id)) from org as o) as orgs,
  (select count(*) from etl_api.etl_log) as logged;
create temp table given as select jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test"}, {"domain": "b.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'now', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
      'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich later')))),
    'then', jsonb_build_object('id', test_setup.id('enrich later')),
    'search', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"phase": 2}}'::jsonb))) as data;
create temp table plan as select etl_api.dry_run(test_setup.id('org acme'), data) as plan from given;

select is(plan - 'activities' - 'requests', '{"valid": true, "errors": null, "request_count": 2, "cost": 0.50}', 'two requests would go out first, at 0.25 each')
from plan;
select is(plan -> 'requests' -> 0, '{"activity_key": "now", "source": "AlgOps API Client", "objects": 1, "method": "POST",
  "url": "https://api.algops.test/v1/companies/acme.test", "headers": {"authorization": "Bearer ***"}, "body": {"ask": ["industry"]}}',
  'the request as it would be sent, its secret masked') from plan;
select is(plan #>> '{requests,1,url}', 'https://api.algops.test/v1/companies/b.test', 'and the next one') from plan;
select is(
  (select array_agg(concat_ws(' ', a ->> 'activity_key', a ->> 'phase', a ->> 'state', a ->> 'substate', a ->> 'waits_for', a ->> 'objects', a ->> 'requests'))
   from plan cross join lateral jsonb_array_elements(plan -> 'activities') as a),
  array['now 1 in_progress [] 2 2', 'then 1 waiting dependency ["now"] 0 0', 'search 2 waiting phase ["now", "then"] 0 0'],
  'what starts, and what waits for what');
select is((before.work, before.orgs, before.logged),
  (test_setup.fingerprint(), (select md5(string_agg(o::text, ',' order by o.id)) from org as o), (select count(*) from etl_api.etl_log)),
  'nothing was stored, counted or logged') from before;
select is((select count(*) from etl_api.claim_run_requests('one', 10)), 0::bigint, 'there is nothing to send');
select is(current_setting('etl.rung', true), '', 'no bell was rung') ;

-- A source whose one place is taken does not hold it up.
select test_setup.enrich('{c.test}', '{"datapoints": ["industry"]}');
select is((select count(*) from etl_api.claim_run_requests('one', 10)), 1::bigint, 'the source has all it may have in flight');
select is(etl_api.dry_run(test_setup.id('org acme'), data) ->> 'request_count', '2', 'a dry run tells of its two all the same') from given;

-- What is wrong is said as the request would say it.
select test_setup.start('{"data": {"x": {"id": "nonsense"}}}');
select is(
  etl_api.dry_run(test_setup.id('org acme'), '{"data": {"x": {"id": "nonsense"}}}') -> 'errors',
  (select errors from workflow_request where state = 'invalid' limit 1), 'the faults are those of a real request');
select is(etl_api.dry_run(test_setup.id('org acme'), '{}') - 'errors',
  '{"valid": false, "activities": [], "request_count": 0, "cost": 0, "requests": []}', 'an invalid request sends nothing');
select is(etl_api.dry_run(test_setup.id('org acme'), null) #>> '{errors,0,code}', 'missing_value', 'no data at all');

-- Templates that nothing fills, and activities with nothing to do.
update source set run_request_template = jsonb_set(run_request_template, '{body,note}', '"<<$run_setup.note>>"') where name = 'AlgOps API Client';
select is(etl_api.dry_run(test_setup.id('org acme'), data) #>> '{requests,0,error,message}',
  'Nothing fills <<$run_setup.note>> in the run request template of source AlgOps API Client.', 'a request that cannot be rendered says why')
from given;
select is(
  (select a ->> 'substate' from given
   cross join lateral jsonb_array_elements(etl_api.dry_run(test_setup.id('org acme'), jsonb_set(data, '{input,companies}', '[]')) -> 'activities') as a
   where a ->> 'activity_key' = 'now'), 'no_objects', 'without objects it would end at once');

-- Many.
update source set run_request_template = run_request_template #- '{body,note}', max_objects_per_request = 3 where name = 'AlgOps API Client';
create temp table many as
select etl_api.dry_run(test_setup.id('org acme'), jsonb_set(data, '{input,companies}',
  (select jsonb_agg(jsonb_build_object('domain', 'c' || n || '.test')) from generate_series(1, 1000) as n))) as plan from given;
select is(concat_ws(' ', plan ->> 'request_count', jsonb_array_length(plan -> 'requests'), plan #>> '{requests,99,objects}'),
  '334 100 3', '1000 objects by threes: 334 requests, 100 of them shown') from many;

-- Whose it is.
create function pg_temp.try(person text, org text, role text default 'authenticated') returns text language sql as $$
  select test_setup.as_user(person, format('select etl_api.dry_run(%L, %L) ->> ''request_count''', test_setup.id(org), (select data from given)), role)
$$;
select is(array[pg_temp.try('mia', 'org acme'), pg_temp.try('olga', 'org acme'), pg_temp.try(null, 'org acme', 'service_role')],
  '{(1),(1),(1)}', 'members and the service may');
select is(array[pg_temp.try('vera', 'org acme'), pg_temp.try('otto', 'org acme'), pg_temp.try('mia', 'org other'), pg_temp.try('mia', 'no org'), pg_temp.try(null, 'org acme')],
  '{ETL06,ETL06,ETL06,ETL06,ETL06}', 'nobody else, nor for another org or none');
select is(pg_temp.try(null, 'org acme', 'anon'), '42501', 'anon may not even ask');
select is(test_setup.outcome(format('select etl_api.dry_run(%L, null)', test_setup.id('no org'))),
  format('ETL04 no such org: %s | Give the id of the org that would make the request.', test_setup.id('no org')), 'no such org');
select is(test_setup.outcome('select etl_api.dry_run(null, null)'),
  'ETL04 org_id is null: it must be the id of an org | Give the id of the org that would make the request.', 'no org');

select * from finish();

-- A run that waits alone is sent a shorter way; what is written is the same as for one of many.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set run_request_template = '{"method": "POST", "url": "https://api.algops.test/<<$object.domain>>", "body": "<<$object>>",
  "headers": {"authorization": "Bearer <<$secret.KEY>>"}}'
where name = 'AlgOps API Client';
create function pg_temp.sent() returns setof jsonb
language sql
as $$
  select replace(replace((
    to_jsonb(r) - '{id,root_id,lease_token}'::text[]
      || jsonb_build_object('run', to_jsonb(q) - '{id,object_id,run_request_id}'::text[])
      || jsonb_build_object('linked', q.run_request_id = r.id and r.root_id = r.id,
        'steps', (select jsonb_agg(jsonb_build_array(s.from_state, s.via, s.to_state) order by s.entity, s.at, s.from_state nulls first)
          from etl_api.state_step as s where s.entity_id in (r.id, q.id))))::text, 'b.test', 'a.test'), 'c.test', 'a.test')::jsonb
  from run_request as r
  join run_queue as q on q.run_request_id = r.id
$$;

select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"], "run_timeout_seconds": 77}');
select is((select count(*) from etl_api.claim_run_requests('worker', 2)), 2::bigint, 'two of three are taken together');
select is((select count(*) from etl_api.claim_run_requests('worker', 50)), 1::bigint, 'then the last, alone');
select is((select count(*) from pg_temp.sent() as s), 3::bigint, 'each makes a request');
select is((select count(distinct s) from pg_temp.sent() as s), 1::bigint, 'and they differ in nothing but their object');
select is((select sum(run_count)::int from org), 3, 'all are counted');
select is(
  (select array_agg(distinct timeout_at) from run_queue),
  array['2026-05-01 10:01:17Z'::timestamptz], 'the limit that the request asks for holds');

-- What is known of the object is sent along, and what the run costs is paid.
create function pg_temp.know(what jsonb) returns void language sql as $$
  insert into value (org_id, object_id, datapoint_id, source_id, value, confidence, observed_at)
  select q.org_id, q.object_id, d.id, q.source_id, what, 1, utils.now()
  from run_queue as q
  join datapoint as d on d.name = 'industry'
  where q.state = 'waiting'
$$;
select test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}');
select pg_temp.know('"Anvils"');
select is(
  (select jsonb_agg(c.request -> 'body') from etl_api.claim_run_requests('worker', 50) as c),
  '[{"domain": "d.test", "industry": "Anvils"}]', 'one alone carries the values of its object');

update source set cost_per_run = 2 where name = 'AlgOps API Client';
update org set settings = settings || '{"monthly_budget": 100}' where id = test_setup.id('org acme');
select test_setup.enrich('{e.test}', '{"datapoints": ["industry"]}');
create temp table spent as select coalesce(sum(amount), 0) as before from etl_api.budget_used;
select is((select count(*) from etl_api.claim_run_requests('worker', 50)), 1::bigint, 'one that costs is sent');
select is((select sum(amount) - (select before from spent) from etl_api.budget_used), 2::numeric, 'and paid');

select * from finish();

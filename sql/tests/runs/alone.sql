-- A run that waits alone is sent a shorter way; what is written is the same as for one of many.
select plan(6);

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

select * from finish();

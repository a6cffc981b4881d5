-- A run that makes the engine raise when its request is made costs itself only: not its batch, not its tenant, not others.
select plan(32);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table poison (text text, errcode text, message text);
-- What no code foresaw, deep in the rendering.
create or replace function utils.placeholder_value(name text, vars jsonb) returns jsonb language plpgsql as $$
declare
  bad record;
begin
  select * into bad from pg_temp.poison as p where strpos((vars #> string_to_array(name, '.'))::text, p.text) > 0;
  if found then
    raise exception using errcode = bad.errcode, message = bad.message;
  end if;
  return vars #> string_to_array(name, '.');
end $$;
create function pg_temp.fresh() returns void language sql as $$
  delete from public.workflow_request;
  delete from public.value;
  delete from etl_api.etl_log;
  delete from pg_temp.poison;
$$;
create function pg_temp.urls(max int default 100) returns text[] language sql as $$
  select array_agg(c.request ->> 'url' order by c.request ->> 'url') from test_setup.claim(max) as c
$$;

-- One among others, each its own request; the tenant behind has its turn too.
insert into poison values ('c.test', '22003', 'value out of range: overflow');
select test_setup.enrich('{a.test,b.test,c.test,d.test}', '{"datapoints": ["industry"]}');
insert into activity (id, org_id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('theirs'), test_setup.id('org other'), 'Theirs', 'enrichment', test_setup.id('company'), '{industry}');
select test_setup.start(jsonb_build_object('input', '{"companies": [{"domain": "z.test"}]}'::jsonb,
  'data', jsonb_build_object('theirs', jsonb_build_object('id', test_setup.id('theirs')))), test_setup.id('org other'));
update poison set errcode = '40P01', message = 'deadlock detected';
select throws_ok($$select * from etl_api.claim_run_requests('one', 10)$$, '40P01', 'deadlock detected',
  'what is not the run''s doing fails the whole claim, to be tried again');
update poison set errcode = '22003', message = 'value out of range: overflow';
select is(pg_temp.urls(), array[
  'https://api.algops.test/v1/companies/a.test', 'https://api.algops.test/v1/companies/b.test',
  'https://api.algops.test/v1/companies/d.test', 'https://api.algops.test/v1/companies/z.test'], 'all others are claimed, by the same call');
select is(test_setup.runs(), array['a.test AlgOps API Client in_progress', 'b.test AlgOps API Client in_progress',
  'c.test AlgOps API Client failed:internal_error', 'd.test AlgOps API Client in_progress', 'z.test AlgOps API Client in_progress'],
  'the bad one has failed');
select is((select error from run_queue where state = 'failed'),
  '{"code": "internal_error", "message": "The engine could not make a request of it: value out of range: overflow (22003)."}', 'it says why');
select is((select test_setup.history(id) from run_queue where state = 'failed'),
  '{new,valid,waiting:allocation,ready,in_progress,failed:internal_error}', 'by legal steps');
select is((select array_agg(jsonb_build_array(level, station, message, context)) from etl_api.etl_log
  where entity = 'run_queue' and entity_id = (select id from run_queue where state = 'failed')),
  array['["error", "runs", "A run could not be sent.", {"message": "value out of range: overflow", "sqlstate": "22003"}]'::jsonb],
  'the log has the cause, once');
select is((select array_agg(distinct attempts) from run_request), '{1}', 'the others are at their first attempt');
select is((select sum(run_count) from org), 4::numeric, 'what was tried and undone is not counted');
select is((select count(*) from run_request), 4::bigint, 'nor is anything left of it');
select test_setup.answer(id, '{"company": {"sector": "toys"}}') from run_request;
select etl_api.drain_advance_queue();
select is(test_setup.states(), array['workflow_request done 1', 'workflow_request done:partial 1', 'activity_request enrich done:partial 1',
  'activity_request theirs done 1', 'run_queue done 4', 'run_queue failed:internal_error 1', 'run_request done 4'], 'it all ends');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

-- Alone at the head of the queue.
select pg_temp.fresh();
insert into poison values ('c.test', '22003', 'overflow');
select test_setup.enrich('{c.test}', '{"datapoints": ["employees"]}');
select is(pg_temp.urls(1), null, 'there is nothing else to claim');
select is(pg_temp.urls(1), null, 'the next source is asked, which cannot be either');
select is(test_setup.state(test_setup.activity()), 'in_progress', 'the activity waits for the one note');
select etl_api.drain_advance_queue();
select is(test_setup.runs(), array['c.test AlgOps API Client failed:internal_error', 'c.test Company Register failed:internal_error'], 'both failed');
select is(test_setup.state(test_setup.activity()), 'failed:all_runs_failed', 'and so did what consists of them');
delete from poison;
select etl_api.retry(id) from run_queue where state = 'failed' order by id limit 1;
select is(pg_temp.urls(), '{https://api.algops.test/v1/companies/c.test}', 'once the cause is gone it can be retried');

-- Within a batch, of which the others are still one request; the limit of the source holds.
select pg_temp.fresh();
update source
set max_objects_per_request = 8, max_concurrency = 2, cost_per_run = 1,
    run_request_template = '{"method": "POST", "url": "https://api.algops.test/v1/batch", "body": {"companies": "<<$objects>>"}, "response": {"objects": "companies"}}'
where name = 'AlgOps API Client';
update org set settings = '{"monthly_budget": 3}' where id = test_setup.id('org acme');
insert into poison values ('b02.test', '22003', 'overflow'), ('b05.test', '54001', 'stack depth limit exceeded'), ('b11.test', 'XX000', 'cache lookup failed');
select test_setup.enrich(array(select 'b' || lpad(n::text, 2, '0') || '.test' from generate_series(1, 16) as n), '{"datapoints": ["industry"]}');
set etl.fake_now = '2026-05-01 10:00:01Z';
select test_setup.enrich(array(select 'b' || n || '.test' from generate_series(17, 40) as n), '{"datapoints": ["industry"]}');
create function pg_temp.sizes() returns int[] language sql as $$
  select array_agg(jsonb_array_length(c.request #> '{body,companies}')) from test_setup.claim() as c
$$;
create temp table size as select pg_temp.sizes() as sizes;
select is((select array[cardinality(sizes), (select sum(s) from unnest(sizes) as s)] from size), '{2,13}', 'two requests, without the three runs that raise in them');
select is((select count(*) from run_request), 2::bigint, 'no more than the source bears');
select is((select amount from etl_api.budget_used where org_id = test_setup.id('org acme') and workflow_request_id is null), 2::numeric, 'each is paid once');
select is((select count(*) from run_queue where state = 'waiting'), 24::bigint, 'all others keep waiting');
select test_setup.answer(id, '{"companies": []}') from run_request where state = 'in_progress';
select pg_temp.sizes();
select is((select amount from etl_api.budget_used where org_id = test_setup.id('org acme') and workflow_request_id is null), 3::numeric, 'the budget of the month holds');
update org set settings = '{}' where id = test_setup.id('org acme');
select test_setup.exchange('{"companies": []}') from generate_series(1, 3);
select is((select array_agg(o.natural_key ->> 'domain' || ' ' || (q.error ->> 'message') order by o.natural_key ->> 'domain') from run_queue as q join object as o on o.id = q.object_id where q.state = 'failed'), array[
  'b02.test The engine could not make a request of it: overflow (22003).',
  'b05.test The engine could not make a request of it: stack depth limit exceeded (54001).',
  'b11.test The engine could not make a request of it: cache lookup failed (XX000).'], 'in the end just the bad ones have failed, each with its cause');
update source set max_objects_per_request = 200, max_concurrency = null, cost_per_run = 0 where name = 'AlgOps API Client';

-- All of a large batch: a part in each claim, so that none takes long.
select pg_temp.fresh();
insert into poison values ('.test', '22003', 'overflow');
select test_setup.enrich(array(select 'l' || n || '.test' from generate_series(1, 150) as n), '{"datapoints": ["industry"]}');
select test_setup.claim();
select is((select count(*) from run_queue where state = 'failed'), 100::bigint, 'as many as a claim looks for');
select test_setup.claim();
select is((select count(*) from run_queue where state = 'failed'), 150::bigint, 'the next one takes the rest');

-- A run that cannot even be ended.
select pg_temp.fresh();
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception 'this row is cursed';
end $$;
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"]}');
do $$ begin
  execute (select format('create trigger cursed before update on public.run_queue for each row when (old.id = %L) execute function pg_temp.refuse()', q.id)
    from public.run_queue as q join public.object as o on o.id = q.object_id where o.natural_key ->> 'domain' = 'b.test');
end $$;
select is((select jsonb_array_length(request #> '{body,companies}') from test_setup.claim()), 2, 'the others are sent');
select is(test_setup.runs(), array['a.test AlgOps API Client in_progress', 'b.test AlgOps API Client waiting:allocation', 'c.test AlgOps API Client in_progress'],
  'it stays as it is');
select test_setup.claim();
select is((select array_agg(message || ' ' || (context ->> 'message')) from etl_api.etl_log where level = 'error'),
  '{"A run could be neither sent nor ended. this row is cursed"}', 'the log says so, not with every claim');
drop trigger cursed on run_queue;

-- What is due again.
select pg_temp.fresh();
update source set max_objects_per_request = 1, retry_policy = '{"jitter": 0, "base_seconds": 1}' where name = 'AlgOps API Client';
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["industry"]}');
select test_setup.exchange('{}', 503);
set etl.fake_now = '2026-05-01 11:00:00Z';
do $$ begin
  execute (select format('create trigger cursed before update on public.run_request for each row when (old.id = %L and new.state = ''in_progress'') execute function pg_temp.refuse()', r.id)
    from public.run_request as r order by id limit 1);
end $$;
select is((select count(*) from test_setup.claim()), 2::bigint, 'two of three retries are claimed');
select is(test_setup.states(), array['workflow_request in_progress 1', 'activity_request enrich in_progress 1', 'run_queue failed:internal_error 1', 'run_queue in_progress 2',
  'run_request failed:internal_error 1', 'run_request in_progress 2'], 'the third has failed, with its run');
select is((select array_agg(message || ' ' || (context ->> 'message')) from etl_api.etl_log where level = 'error' and entity = 'run_request'),
  '{"A request could not be sent. this row is cursed"}', 'once in the log');

-- A limit as somebody may write it, which the check of rules lets through.
select pg_temp.fresh();
update source set rate_limit = '{"second": 5.0}' where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select is((select count(*) from test_setup.claim()), 1::bigint, 'a limit of 5.0 is one of 5');

select * from finish();

-- An activity that makes the engine raise when it is moved on does not keep the notes of others, nor the claims, waiting.
select plan(19);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table fault (id uuid, state text, errcode text);
create function pg_temp.refuse() returns trigger language plpgsql as $$
declare
  bad record;
begin
  select * into bad from pg_temp.fault as f where f.id = new.id and new.state::text ~ f.state;
  if found then
    raise exception using errcode = bad.errcode, message = 'it cannot be so';
  end if;
  return new;
end $$;
create trigger faulty before update on activity_request for each row execute function pg_temp.refuse();
create function pg_temp.ended() returns text language sql as $$
  select string_agg(w.data #>> '{input,companies,0,domain}' || '=' || ar.state || coalesce(':' || ar.state_substate, ''), ' ' order by 1)
  from (select * from public.workflow_request order by data #>> '{input,companies,0,domain}') as w join public.activity_request as ar on ar.workflow_request_id = w.id
$$;

-- Runs whose template cannot be filled end in the claim, which leaves a note for each of their activities.
create function pg_temp.note() returns bigint language sql as $$
  update public.source set run_request_template = '{"method": "GET", "url": "https://api.algops.test/<<$run_setup.nothing>>"}' where name = 'AlgOps API Client';
  select test_setup.enrich(array[d || '.test'], '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}') from unnest('{a,b,c}'::text[]) as d;
  select etl_api.claim_run_requests('one', 100);
  update public.source set run_request_template = '{"method": "GET", "url": "https://api.algops.test/<<$object.domain>>"}' where name = 'AlgOps API Client';
  select count(*) from etl_api.advance_queue
$$;
select is(pg_temp.note(), 3::bigint, 'three notes');
insert into fault
select ar.id, 'failed', '40P01' from activity_request as ar join workflow_request as w on w.id = ar.workflow_request_id where w.data #>> '{input,companies,0,domain}' = 'b.test';
select throws_ok('select etl_api.drain_advance_queue()', '40P01', 'it cannot be so', 'what is not the activity''s doing fails the whole call');
select is((select count(*) from etl_api.advance_queue), 3::bigint, 'and leaves the notes to be taken again');

-- Only the end that the engine finds for it is refused.
create or replace function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  if new.state_substate = 'all_runs_failed' and new.id = (select f.id from pg_temp.fault as f) then
    raise exception using errcode = '22003', message = 'it cannot be so';
  end if;
  return new;
end $$;
select test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}');
select is((select array_agg(request ->> 'url') from test_setup.claim()), '{https://api.algops.test/d.test}', 'the claim that takes the notes has work');
select is(pg_temp.ended(), 'a.test=failed:all_runs_failed b.test=failed:internal_error c.test=failed:all_runs_failed d.test=in_progress', 'the others have ended as they should, it by its fault');
select is((select count(*) from etl_api.advance_queue), 0::bigint, 'no note is left');
select is((select errors -> -1 from activity_request where state_substate = 'internal_error'), '{
  "code": "internal_error", "path": null, "found": null, "message": "The engine could not move it on: it cannot be so (22003).",
  "hint": "etl_api.retry(id) takes it up again."}', 'it says why');
select is((select array_agg(jsonb_build_array(level, station, message, context)) from etl_api.etl_log
  where entity_id = (select id from activity_request where state_substate = 'internal_error')),
  array['["error", "activities", "An activity could not be moved on.", {"message": "it cannot be so", "sqlstate": "22003"}]'::jsonb],
  'the log has the cause, once');
select is((select array_agg(state || ':' || state_substate) from workflow_request where state <> 'in_progress'),
  array_fill('failed:all_activities_failed'::text, array[3]), 'their requests have ended too');
select is((select array_agg(distinct event_type || ' ' || d.state) from delivery as d), '{"activity_request.failed ready"}', 'each client is told');
select is((select count(*) from delivery), 3::bigint, 'once');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');
delete from fault;
select etl_api.retry(id) from activity_request where state_substate = 'internal_error';
select is((select array_agg(request ->> 'url') from test_setup.claim()), '{https://api.algops.test/b.test}', 'it can be retried');

-- One that cannot even be ended waits for its time limit, and nobody waits for it.
delete from workflow_request;
delete from etl_api.etl_log;
select is(pg_temp.note(), 3::bigint, 'three notes again');
create or replace function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  if new.id = (select f.id from pg_temp.fault as f) then
    raise exception using errcode = 'XX000', message = 'it cannot be at all';
  end if;
  return new;
end $$;
insert into fault
select ar.id, 'failed', '40P01' from activity_request as ar join workflow_request as w on w.id = ar.workflow_request_id where w.data #>> '{input,companies,0,domain}' = 'b.test';
select is(etl_api.drain_advance_queue(), 3, 'all three are looked at');
select is(pg_temp.ended(), 'a.test=failed:all_runs_failed b.test=in_progress c.test=failed:all_runs_failed', 'the others have ended');
select is((select array_agg(message || ' ' || (context ->> 'message')) from etl_api.etl_log where level = 'error' and entity = 'activity_request'),
  '{"An activity could be neither moved on nor ended. it cannot be at all"}', 'the log says so');
select is(etl_api.drain_advance_queue(), 0, 'its note does not come again');
delete from fault;
set etl.fake_now = '2026-08-01 10:00:00Z';
select etl_api.recover();
select is(pg_temp.ended(), 'a.test=failed:all_runs_failed b.test=timedout:workflow_timeout c.test=failed:all_runs_failed', 'the sweep ends it when it is over its time');

select * from finish();

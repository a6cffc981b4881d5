-- An object goes for good: its rows, and what is said of it in what stays. Beside it the others are as they were.
select plan(22);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create function pg_temp.found_in() returns text[] language plpgsql as $$
declare
  name text;
  hit boolean;
  found_names text[] := '{}';
begin
  for name in
    select format('%I.%I', n.nspname, c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'etl_api') and not c.relispartition
    order by 1
  loop
    execute format('select exists (select 1 from %s as t where to_jsonb(t)::text ~* ''planted'')', name) into hit;
    if hit then
      found_names := found_names || name;
    end if;
  end loop;
  return found_names;
end
$$;

-- One request that is over, of two objects in one HTTP request, with answers, results, messages and a fault in the log.
update public.source set max_objects_per_request = 10, run_request_template = run_request_template
  || '{"url": "https://api.algops.test/v1/companies", "body": {"companies": "<<$objects>>"}, "response": {"objects": "companies"}}';
create temporary table done as select test_setup.chain('{planted.test,other.test}') as id;
select test_setup.exchange('{"companies": [{"domain": "planted.test", "sector": "Planted Anvils"}, {"domain": "other.test", "sector": "Toys"}]}');
select test_setup.deliver();
select etl_api.logger('warn', 'test', 'It says planted.test.', null, test_setup.id('org acme'));
select is(test_setup.state(id), 'delivered', 'a request that is over') from done;
-- One that is open, whose HTTP request is out.
update public.datapoint_source set max_age = '1 day';
set etl.fake_now = '2100-01-05 00:00:00Z';
create temporary table open as select test_setup.chain('{third.test,planted.test}') as id;
create temporary table claimed as select * from etl_api.claim_run_requests('w', 10);
select cmp_ok((select count(*) from claimed), '>=', 1::bigint, 'an HTTP request that is out');

select ok(pg_temp.found_in() @> '{etl_api.etl_log,public.activity_result,public.delivery_body,public.object,public.run_request,public.run_response,public.value,public.workflow_request}',
  'it is in many tables');
-- A client repeats what it was told.
update public.delivery set response = 'thanks for planted.test' where state = 'delivered';
create temporary table thing as select id from public.object where natural_key ->> 'domain' = 'planted.test';
create temporary table before as
select (select count(*) from public.workflow_request) as requests, (select count(*) from public.activity_request) as activities,
  (select count(*) from public.delivery) as messages;
create temporary table gone as select g.* from thing cross join lateral etl_api.erase_object(thing.id) as g;
select is(array(select g.what from gone as g where g.more), '{}', 'it goes at once');
select is(
  (select array_agg(g.what order by g.what) from gone as g),
  '{etl_api.etl_log,etl_api.state_step,public.activity_object,public.activity_result,public.delivery_body,public.object,public.run_queue,public.run_request,public.run_response,public.value,public.workflow_request}',
  'the report names what went');
select is((select g.count from gone as g where g.what = 'public.object'), 1::bigint, 'one object');
select is((select g.count from gone as g where g.what = 'public.value'), 2::bigint, 'its values');
select is(array(select f from unnest(pg_temp.found_in()) as f (f)), '{etl_api.request_key,public.workflow_request}',
  'it is nowhere any more');
select is((select count(*) from public.workflow_request where data::text ~* 'planted'), 0::bigint, 'but in the keys that the requests were given');

select is((select count(*) from public.object where natural_key ->> 'domain' in ('other.test', 'third.test')), 2::bigint, 'the others are there');
select is((select jsonb_path_query_array(objects, '$[*].key.domain') from public.activity_result as r
  join public.activity_request as a on a.id = r.activity_request_id join done on done.id = a.workflow_request_id), '["other.test"]', 'in the result');
select is((select jsonb_path_query_array(body, '$.data.objects[*].key.domain') from public.delivery_body limit 1), '["other.test"]', 'and in the message');
select is((select data #> '{input,companies}' from public.workflow_request join done using (id)), '[null, {"domain": "other.test"}]', 'and in the request');
select is(
  (select row(b.requests, b.activities, b.messages) = row((select count(*) from public.workflow_request),
    (select count(*) from public.activity_request), (select count(*) from public.delivery)) from before as b), true, 'no request, activity or message went');
select is_empty('select * from etl_api.check_references()', 'nothing refers to what is gone');

select is_empty('select * from etl_api.check_completeness()', 'and nothing contradicts itself');

-- What was out comes too late; the object that went with it is asked about again, alone.
select is((select count(*) from claimed as c cross join lateral etl_api.complete_run_requests(jsonb_build_array(jsonb_build_object(
  'run_request_id', c.run_request_id, 'lease_token', c.lease_token, 'status', 200,
  'body', '{"companies": [{"domain": "planted.test", "sector": "Planted Anvils"}]}'::jsonb))) as r where r.accepted), 0::bigint,
  'an answer that comes late changes nothing');
select test_setup.exchange('{"companies": [{"domain": "third.test", "sector": "Ships"}]}');
select test_setup.deliver();
select is(array(select test_setup.state(id) from open), '{delivered}', 'what was open goes on to its end');
select is((select jsonb_path_query_array(objects, '$[*].key.domain') from public.activity_result as r
  join public.activity_request as a on a.id = r.activity_request_id join open on open.id = a.workflow_request_id), '["third.test"]', 'without it');
select is(
  (select (e.finished_at is not null) || ' ' || (e.report ->> 'public.object') from etl_api.erasure as e join thing on thing.id = e.object_id),
  'true 1', 'that it was erased is kept');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');
select throws_ok('select etl_api.erase_object((select id from thing))', 'ETL04', null, 'it is gone');

select * from finish();

-- All that happened to one request, in order, for the people of its org.
select plan(9);

select test_setup.set_up_people();
set etl.fake_now = '2030-01-01 00:00:00Z';
create temporary table request as
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}') as id;
select test_setup.enrich('{other.test}');
set etl.fake_now = '2030-01-01 00:00:01Z';
select count(test_setup.answer(c.run_request_id, '{}', 404)) from test_setup.claim() as c where c.request ->> 'url' like '%/a.test';
set etl.fake_now = '2030-01-01 00:00:02Z';
select test_setup.deliver(410);

create function pg_temp.trace(id uuid) returns setof text language sql as $$
  select to_char(t.at, 'SS ') || t.entity || ' '
    || coalesce(t.to_state || coalesce(':' || t.substate, ''), t.level || ' ' || t.station) || coalesce(' ' || t.message, '')
  from etl_api.trace(trace.id) as t
$$;
select results_eq('select pg_temp.trace(id) from request', $$
  select unnest('{
    00 workflow_request new,
    00 workflow_request valid,
    00 workflow_request ready,
    00 workflow_request in_progress,
    00 activity_request new,
    00 activity_request valid,
    00 activity_request ready,
    00 activity_request in_progress,
    00 run_queue new,
    00 run_queue valid,
    00 run_queue waiting:allocation,
    01 run_request new,
    01 run_request valid,
    01 run_request ready,
    01 run_request in_progress,
    01 run_queue ready,
    01 run_queue in_progress,
    01 run_request failed:http_404 AlgOps API Client answered with HTTP status 404.,
    01 run_queue failed:http_404 AlgOps API Client answered with HTTP status 404.,
    01 activity_request failed:all_runs_failed,
    01 delivery new,
    01 delivery valid,
    01 delivery ready,
    01 workflow_request failed:all_activities_failed,
    01 run_request error exchange AlgOps API Client answered with HTTP status 404.,
    01 activity_request info activities All its runs failed.,
    01 workflow_request info activities All its activities failed.,
    02 delivery in_progress,
    02 delivery failed:http_410 The client answered with HTTP status 410.,
    02 delivery error delivery The client answered with HTTP status 410.}'::text[])$$, 'steps and entries in order');
select results_eq(
  $$select t.entity_id, t.from_state, t.context ->> 'http_status' from request, etl_api.trace(request.id) as t where t.level = 'error' and station = 'exchange'$$,
  $$select r.id, null::text, '404' from public.run_request as r where r.state = 'failed'$$, 'an entry has its context');
select is((select count(*) from etl_api.trace((select r.id from public.run_request as r where r.state = 'failed'))), 30::bigint,
  'any id of the request will do');
select is(test_setup.as_user('vera', format('select count(*) from etl_api.trace(%L)', id)), '(30)', 'who may only read, may read it') from request;
select is(test_setup.as_user('otto', format('select count(*) from etl_api.trace(%L)', id)), 'ETL04', 'who belongs to another org may not') from request;
select is(test_setup.as_user(null, format('select count(*) from etl_api.trace(%L)', id)), 'ETL04', 'nor who is nobody') from request;
select is(test_setup.as_user(null, format('select count(*) from etl_api.trace(%L)', id), 'anon'), '42501', 'nor who did not sign in') from request;
select throws_ok('select * from etl_api.trace(null)', 'ETL04', 'no such request: null', 'null');
select throws_ok(format('select * from etl_api.trace(%L)', gen_random_uuid()), 'ETL04', null, 'an unknown id');

select * from finish();

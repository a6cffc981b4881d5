-- A failure is an error where it happened, once; what follows from it is information or, at level debug, its trace.
select plan(13);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.setup_enrichment_test_data();
update public.source set retry_policy = '{"jitter": 0, "max_attempts": 2}';

create function pg_temp.log() returns setof text language sql as $$
  select l.level || ' ' || l.station || ' ' || l.entity || ' ' || l.message
  from etl_api.etl_log as l
  order by l.id
$$;

create temporary table request as
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}') as id;
select test_setup.exchange('{}', 503);
select results_eq('select * from pg_temp.log()',
  $$values ('warn exchange run_request AlgOps API Client answered with HTTP status 503.')$$, 'a try that is made again is a warning');
set etl.fake_now = '2030-01-01 01:00:00Z';
select test_setup.exchange('{}', 500);
select results_eq('select * from pg_temp.log() offset 1',
  $$values ('error exchange run_request AlgOps API Client answered with HTTP status 500.'),
    ('info activities activity_request All its runs failed.'),
    ('info activities workflow_request All its activities failed.')$$,
  'the last one is the error; its run is silent, and what consists of it is told of');
select results_eq(
  $$select l.at, l.org_id, l.entity_id, l.trace_id, l.context from etl_api.etl_log as l where l.level = 'error'$$,
  $$select '2030-01-01 01:00:00Z'::timestamptz, test_setup.id('org acme'), r.id, request.id, jsonb_build_object(
      'state', 'failed', 'code', 'http_500', 'kind', 'run', 'attempts', 2, 'http_status', 500, 'worker', 'test',
      'source_id', r.source_id, 'activity_request_id', r.activity_request_id)
    from public.run_request as r, request$$,
  'with the row, its request, and what there is to know');

delete from etl_api.etl_log;
select test_setup.deliver(500);
select results_eq('select * from pg_temp.log()', $$values ('warn delivery delivery The client answered with HTTP status 500.')$$,
  'a message that is sent again');
update etl_api.setting set value = '[]' where name = 'delivery_schedule_seconds';
set etl.fake_now = '2030-01-01 02:00:00Z';
select test_setup.deliver(500);
select results_eq('select * from pg_temp.log() offset 1', $$values ('error delivery delivery The client answered with HTTP status 500.')$$,
  'and one that is given up');

-- Each in a database without the others' rows.
delete from public.workflow_request;
delete from etl_api.etl_log;
select test_setup.start('{"data": {"a": {"id": "x"}, "b": {"id": "y"}}}');
select results_eq(
  $$select level, station, entity::text, context -> 'faults', context -> 'code', entity_id = trace_id from etl_api.etl_log$$,
  $$values ('error', 'intake', 'workflow_request', '2'::jsonb, '"invalid_type"'::jsonb, true)$$, 'a request that was refused, once for all its faults');

delete from etl_api.etl_log;
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}');
select test_setup.claim(1);
set etl.fake_now = '2030-02-01 00:00:00Z';
select etl_api.recover();
select results_eq('select * from pg_temp.log()',
  $$values ('error activities workflow_request The request was over its time (data.config.timeout_seconds) without an end.')$$,
  'what is timed out as a whole is told once');

delete from etl_api.etl_log;
update public.source set run_request_template = jsonb_set(run_request_template, '{url}', '"https://api.test/<<$object.nowhere>>"');
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select test_setup.claim();
select etl_api.drain_advance_queue();
select results_eq('select * from pg_temp.log()',
  $$select 'error runs run_queue ' || (error ->> 'message') from public.run_queue where state = 'invalid'
    union all values ('info activities activity_request All its runs failed.'),
    ('info activities workflow_request All its activities failed.')$$,
  'a run that could not be sent at all');

delete from etl_api.etl_log;
create temporary table cancelled as select test_setup.enrich('{c.test}', '{"datapoints": ["employees"]}') as id;
select etl_api.cancel(id) from cancelled;
select is_empty('select * from pg_temp.log()', 'who cancels has not failed');

-- An expired lease.
select test_setup.enrich('{d.test}', '{"datapoints": ["funding"]}');
update public.source set run_request_template = jsonb_set(run_request_template, '{url}', '"https://api.test/x"');
select count(*) from test_setup.claim();
set etl.fake_now = '2030-02-01 00:10:00Z';
select etl_api.recover();
select results_eq($$select level, message, context ->> 'worker' from etl_api.etl_log$$,
  $$values ('warn', 'Nothing was heard of it before its lease ended; it is sent again.', 'test')$$, 'a worker that was not heard of');

-- At level debug each row has an entry.
delete from etl_api.etl_log;
update public.org set settings = '{"log_level": "debug"}';
select test_setup.exchange('{}', 404);
select results_eq('select * from pg_temp.log()',
  $$values ('error exchange run_request Company Register answered with HTTP status 404.'),
    ('debug runs run_queue Company Register answered with HTTP status 404.'),
    ('info activities activity_request All its runs failed.'),
    ('info activities workflow_request All its activities failed.')$$, 'who debugs sees the runs, too');

-- Whoever writes the row.
delete from etl_api.etl_log;
select test_setup.enrich('{e.test}', '{"datapoints": ["funding"]}');
update public.workflow_request set state = 'failed', errors = '{"message": "not a list"}' where state = 'in_progress';
select results_eq($$select level, message from etl_api.etl_log where entity = 'workflow_request'$$,
  $$values ('error', 'It is failed.')$$, 'a row that somebody failed by hand');
insert into public.workflow_request (org_id, data, state, state_via, errors)
values (test_setup.id('org acme'), '{}', 'invalid', '{new}', '[{"message": "by hand"}]');
select is((select message from etl_api.etl_log order by id desc limit 1), 'by hand', 'or made so');

select * from finish();

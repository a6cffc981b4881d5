-- A schedule that makes the engine raise costs neither the others nor the sweep that calls it.
select plan(9);
set timezone = 'UTC';
set etl.fake_now = '2026-05-01 10:00:10Z';

select test_setup.setup_enrichment_test_data();
insert into workflow_schedule (id, org_id, name, cron, data)
select test_setup.id(n), test_setup.id('org acme'), n, '@hourly', jsonb_build_object(
  'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', n || '.test'))),
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'))))
from unnest('{a,b,c,d}'::text[]) as n;
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = tg_argv[0], message = 'it cannot be made';
end $$;

create trigger faulty before insert on workflow_request for each row when (new.data #>> '{input,companies,0,domain}' = 'b.test')
execute function pg_temp.refuse('40P01');
set etl.fake_now = '2026-05-01 11:00:02Z';
select throws_ok('select etl_api.run_schedules()', '40P01', 'it cannot be made', 'what is not the schedule''s doing fails the whole call, to be tried again');
drop trigger faulty on workflow_request;
create trigger faulty before insert on workflow_request for each row when (new.data #>> '{input,companies,0,domain}' = 'b.test')
execute function pg_temp.refuse('22003');
select is((select count from etl_api.recover() where what = 'schedule'), 3::bigint, 'the sweep goes on and makes the others');
select is((select array_agg(s.name order by s.name) from workflow_request as w join workflow_schedule as s on s.id = w.schedule_id), '{a,c,d}', 'each one request');
select is((select array_agg(distinct next_at) from workflow_schedule), '{2026-05-01 12:00:00Z}', 'all have their next time');
select is((select array_agg(jsonb_build_array(level, station, message, context)) from etl_api.etl_log),
  array[jsonb_build_array('error', 'schedules', 'A schedule could not make its request: it cannot be made', jsonb_build_object(
    'sqlstate', '22003', 'schedule_id', test_setup.id('b'), 'next_at', '2026-05-01T12:00:00+00:00'))], 'the log has the cause, once');
drop trigger faulty on workflow_request;
set etl.fake_now = '2026-05-01 12:00:02Z';
select is(etl_api.run_schedules(), 4, 'once the cause is gone it is kept again');

-- One that cannot even be set to its next time.
delete from etl_api.etl_log;
create trigger faulty before update on workflow_schedule for each row when (old.name = 'b') execute function pg_temp.refuse('22003');
set etl.fake_now = '2026-05-01 13:00:02Z';
select is(etl_api.run_schedules(), 3, 'the others are made');
select is(etl_api.run_schedules(), 0, 'it is met again');
select is((select array_agg(message || ' ' || entity_id) from etl_api.etl_log),
  array['A schedule could neither make its request nor be set to its next time. ' || test_setup.id('b')], 'the log says so once');

select * from finish();

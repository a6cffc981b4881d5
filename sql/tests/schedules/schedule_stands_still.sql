-- A schedule whose next time cannot be told stands still by itself, and the log says so.
select plan(4);
set etl.fake_now = '2026-05-01 10:00:10Z';
select test_setup.setup_base_data();
insert into workflow_schedule (org_id, name, cron, data)
values (test_setup.id('org acme'), 'bad', '@hourly', '{}'), (test_setup.id('org acme'), 'good', '@hourly', '{}');
-- As if the server's time zones had changed since.
alter table workflow_schedule disable trigger check_schedules_update;
update workflow_schedule set time_zone = 'Gone/Zone' where name = 'bad';
alter table workflow_schedule enable trigger check_schedules_update;

set etl.fake_now = '2026-05-01 11:00:10Z';
select is(etl_api.run_schedules(), 2, 'both were due');
select is((select array_agg(name || ' ' || (last_request_id is not null) || ' ' || (next_at is not null) order by name) from workflow_schedule),
  '{"bad false false","good true true"}', 'one made its request');
select is((select array_agg(level || ' ' || (context ->> 'time_zone') || ' ' || org_id) from etl_api.etl_log where station = 'schedules'),
  array['error Gone/Zone ' || test_setup.id('org acme')], 'the log names the other');
update workflow_schedule set time_zone = 'UTC' where name = 'bad';
select isnt((select next_at from workflow_schedule where name = 'bad'), null, 'set right, it goes on');

select * from finish();

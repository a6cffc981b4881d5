-- The figure of stuck is the number of rows in etl_api.stuck, whatever is stuck.
select plan(4);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.only_guard();
select test_setup.make(e.name, s.state)
from test_setup.entities() as e (name), unnest('{waiting,ready,in_progress,done,failed}'::text[]) as s (state);
update public.workflow_request set timeout_at = '2030-01-01 01:00:00Z', not_before = '2030-01-01 00:30:00Z';
update public.activity_request set timeout_at = '2030-01-01 01:00:00Z';
update public.run_queue set timeout_at = '2030-01-01 01:00:00Z', due_at = '2030-01-01 00:30:00Z', priority = ('x' || left(md5(id::text), 2))::bit(8)::int / 10;
update public.run_request set lease_until = '2030-01-01 01:00:00Z', due_at = '2030-01-01 00:30:00Z';
update public.delivery set lease_until = '2030-01-01 01:00:00Z', due_at = '2030-01-01 00:30:00Z';
insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
values (test_setup.id('activity'), test_setup.id('org acme'), '2030-01-01 00:30:00Z');
insert into public.workflow_schedule (org_id, name, cron, data) values (test_setup.id('org acme'), 'nightly', '50 0 * * *', '{}');

create function pg_temp.compare(at timestamptz) returns text language plpgsql as $$
begin
  perform set_config('etl.fake_now', at::text, true);
  return etl_api.alert_stuck(test_setup.id('org acme')) || ' of '
    || (select count(*) from etl_api.stuck where org_id = test_setup.id('org acme'));
end $$;
select is(pg_temp.compare('2030-01-01 00:30:59Z'), '0 of 0', 'nothing yet');
select is(pg_temp.compare('2030-01-01 00:45:01Z'), '8 of 8', 'what nobody took or started');
select is(pg_temp.compare('2030-01-01 01:02:00Z'), '20 of 20', 'what nobody ended or took back');
select is(etl_api.alert_stuck(test_setup.id('org acme'), 1), 11::bigint, 'of each kind no more than it is asked for');

select * from finish();

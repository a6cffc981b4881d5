select plan(9);

set etl.fake_now = '2026-03-01 12:00:00+00';
select test_setup.set_up_people();

create temporary view seen as
select state, steps, p50, p95 from etl_api.state_durations where entity = 'workflow_request' order by state;
select is_empty('table seen', 'nothing has left a state');

-- A hundred wait: ninety for a second, ten for a minute.
insert into public.workflow_request (org_id, data, state, state_via, state_substate)
select test_setup.id('org acme'), to_jsonb(n), 'waiting', '{new,valid}', 'one'
from generate_series(1, 100) as n;
set etl.fake_now = '2026-03-01 12:00:00.5+00';
update public.workflow_request set state_substate = 'two';
set etl.fake_now = '2026-03-01 12:00:01+00';
update public.workflow_request set state = 'ready', state_substate = null where data::int > 10;
set etl.fake_now = '2026-03-01 12:01:00+00';
update public.workflow_request set state = 'ready', state_substate = null where data::int <= 10;

select cmp_ok(etl_api.roll_up_durations(9223372036854775807), '>', 0, 'rolled up');
create function pg_temp.off(told interval, really interval) returns boolean
language sql as 'select abs(extract(epoch from told) / extract(epoch from really) - 1) > 0.1';
select results_eq(
  $$select state, steps, pg_temp.off(p50, '1 second'), pg_temp.off(p95, '1 minute') from seen where state = 'waiting'$$,
  $$values ('waiting', 100::bigint, false, false)$$,
  'half of them at most a second, nineteen of twenty at most a minute; a new substate is no end of the state');
select results_eq(
  $$select state, steps, p50, p95 from seen where state <> 'waiting'$$,
  $$values ('new', 100::bigint, interval '0', interval '0'), ('valid', 100, '0', '0')$$,
  'states gone through at once took no time');

-- The step before was rolled up earlier; a row that goes has not left its state.
update etl_api.roll_up_mark set after_seq = (select max(seq) from etl_api.state_history);
set etl.fake_now = '2026-03-02 12:00:00+00';
update public.workflow_request set state = 'in_progress' where data::int = 11;
delete from public.workflow_request where data::int = 12;
select etl_api.roll_up_durations(9223372036854775807);
select results_eq(
  $$select steps, pg_temp.off(p50, '1 day') from seen where state = 'ready'$$,
  $$values (1::bigint, false)$$,
  'what came before is looked up where it was rolled up already');

set etl.fake_now = '2026-03-07 23:00:00+00';
select is((select steps from seen where state = 'waiting'), 100::bigint, 'a week');
set etl.fake_now = '2026-03-08 01:00:00+00';
select results_eq('select state from seen', $$values ('ready')$$, 'is what is looked at');

set etl.fake_now = '2026-03-02 12:00:00+00';
select is(test_setup.as_user('otto', 'select * from etl_api.state_durations'), '-', 'another tenant sees none of it');
select is(test_setup.as_user(null, 'select * from etl_api.state_durations', 'anon'), '42501', 'anon sees nothing');

select * from finish();

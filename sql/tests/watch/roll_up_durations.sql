select plan(3);

set etl.fake_now = '2026-03-01 12:00:00+00';
select test_setup.set_up_people();
-- Every last byte of an id once, so that a sample by it is known.
insert into public.workflow_request (id, org_id, data, state, state_via)
select ('00000000-0000-7000-8000-0000000000' || pg_catalog.lpad(pg_catalog.to_hex(n), 2, '0'))::uuid, test_setup.id('org acme'),
  '{}', 'waiting', '{new,valid}'
from generate_series(0, 255) as n;
set etl.fake_now = '2026-03-01 12:00:02+00';
update public.workflow_request set state = 'ready', state_via = null;

create temporary view seen as
select sum(steps) as steps, count(*) as classes from etl_api.state_duration where state = 'waiting';
select etl_api.roll_up_durations(9223372036854775807, 64);
select is((select steps from seen), 256::numeric, 'a sample stands for all');
delete from etl_api.state_duration;
select etl_api.roll_up_durations(9223372036854775807, 256);
select is((select steps from seen), 256::numeric, 'the smallest too');
select etl_api.roll_up_durations(9223372036854775807);
select results_eq('table seen', $$values (512::numeric, 1::bigint)$$, 'what comes later is added to its class');

select * from finish();

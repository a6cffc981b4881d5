-- The plan made for one row must not compare each of 5,000 with each.
select plan(2);

select test_setup.only_guard();
select count(test_setup.move('run_request', test_setup.make('run_request'), 'valid'));
insert into public.run_request (org_id, workflow_request_id, activity_request_id, source_id, kind, root_id)
select test_setup.id('org acme'), test_setup.id('workflow'), test_setup.id('activity'), test_setup.id('AlgOps API Client'), 'run',
  gen_random_uuid()
from generate_series(1, 5000);

create temporary table took as select clock_timestamp() as at;
update public.run_request set state = 'in_progress', state_via = '{valid,ready}' where state = 'new';
insert into took select clock_timestamp();

select cmp_ok((select max(at) - min(at) from took), '<', interval '4 seconds', 'it takes a second, not half a minute');
select is((select count(*) from etl_api.state_history where entity = 'run_request' and to_state = 'in_progress'), 5000::bigint,
  'each step is written down');

select * from finish();

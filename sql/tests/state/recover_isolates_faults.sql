-- A row that the sweep cannot end costs only itself, and is told of once an hour.
select plan(7);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
insert into public.workflow_request (org_id, data)
select test_setup.id('org acme'), jsonb_build_object(
  'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', d.domain))),
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'),
    'setup', '{"config": {"run_timeout_seconds": 100, "datapoints": ["industry"]}}'::jsonb)))
from (values ('bad.test'), ('good.test')) as d (domain);
select is((select count(*) from test_setup.claim(10)), 2::bigint, 'two runs are out');
update public.run_request set lease_until = '2030-01-02';

-- What no code foresaw, on one of them.
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  if new.state = 'timedout' and (select o.natural_key ->> 'domain' from public.object as o where o.id = new.object_id) = 'bad.test' then
    raise exception 'this row is cursed';
  end if;
  return new;
end $$;
create trigger cursed before update on public.run_queue for each row execute function pg_temp.refuse();

set etl.fake_now = '2030-01-01 00:02:00Z';
select results_eq(
  $$select what, count from etl_api.recover() where what in ('run_timeout', 'failed') order by what$$,
  $$values ('failed', 1::bigint), ('run_timeout', 1::bigint)$$,
  'one is timed out, the other cannot be');
select is(test_setup.runs(), array['bad.test AlgOps API Client in_progress', 'good.test AlgOps API Client timedout:run_timeout'],
  'the good one has ended, the bad one is as it was');
select results_eq(
  $$select level, station, message, context, entity::text from etl_api.etl_log where level = 'error' and station = 'state'$$,
  $$values ('error', 'state', 'The sweep could not end this row.',
    '{"sqlstate": "P0001", "message": "this row is cursed"}'::jsonb, 'run_queue')$$,
  'the log names it and says why');
select is((select count from etl_api.recover() where what = 'failed'), 1::bigint, 'it is tried again');
select is((select count(*) from etl_api.etl_log where level = 'error' and station = 'state'), 1::bigint, 'without saying so again');
drop trigger cursed on public.run_queue;
select is((select count from etl_api.recover() where what = 'run_timeout'), 1::bigint, 'and ends once it can');

select * from finish();

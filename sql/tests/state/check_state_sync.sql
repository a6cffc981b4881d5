select plan(8);

select test_setup.only_guard();
update public.workflow_request set state = 'in_progress', state_via = '{valid,ready}';
update public.activity_request set state = 'in_progress', state_via = '{valid,ready}';
create temporary table row as select test_setup.make('run_queue', 'waiting') as run;
select is_empty('select * from etl_api.check_state_sync()', 'a sound tree: nothing');

create function pg_temp.problems() returns text[]
language sql
as $$ select coalesce(array_agg(entity || ' ' || state || ': ' || problem order by entity), '{}') from etl_api.check_state_sync() $$;

update public.run_queue set state = 'in_progress', state_via = '{ready}';
select is(pg_temp.problems(), '{"run_queue in_progress: it is in progress, but no HTTP request of it is open"}', 'a run without a request');
update public.run_queue set state = 'done';
select is(pg_temp.problems(), '{"activity_request in_progress: it is in progress, but has no open run"}', 'an activity without runs');
update public.activity_request set state = 'done';
select is(pg_temp.problems(), '{"workflow_request in_progress: it is in progress, but all its activities have ended"}', 'a request that should have ended');
update public.workflow_request set state = 'done';
select is(pg_temp.problems(), '{}', 'all has ended');
alter table public.run_queue disable trigger user;
update public.run_queue set state = 'waiting';
select is(pg_temp.problems(), '{"activity_request done: it has ended, but runs of it are open"}', 'an open run below an ended activity');
update public.run_queue set state = 'done';
select test_setup.make('run_request', 'ready');
select is(pg_temp.problems(), '{"run_request ready: it is open, but no run in progress waits for it"}', 'a request nobody waits for');
update public.run_request set state = 'failed', state_substate = 'cancelled';
alter table public.activity_request disable trigger user;
update public.activity_request set state = 'waiting';
select is(pg_temp.problems(),
  '{"workflow_request done: it has ended, but activities of it are open","activity_request waiting: it waits, but nothing it waits for is open"}',
  'an open activity below an ended request');

select * from finish();

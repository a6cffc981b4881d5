select plan(15);

set etl.fake_now = '2026-03-01 12:00:00+00';

insert into public.org (id, name, slug)
values
  ('00000000-0000-0000-0000-00000000000a', 'A', 'a'),
  ('00000000-0000-0000-0000-00000000000b', 'B', 'b');
insert into public.object_type (id, name, key_datapoints)
values ('00000000-0000-0000-0000-000000000001', 'progress_company', '{domain}');
insert into public.source (id, name, run_request_template)
values ('00000000-0000-0000-0000-000000000002', 'progress_source', '{"method": "GET", "url": "https://source.test/"}');
insert into public.activity (id, name, activity_type, object_type_id)
values ('00000000-0000-0000-0000-000000000003', 'progress', 'extract', '00000000-0000-0000-0000-000000000001');

-- One under way, one that has just come, one that is over, one that never began.
insert into public.workflow_request
  (id, org_id, data, state, state_via, state_substate, workflow_phase, phase_count, created_at, started_at, finished_at)
values
  ('00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-00000000000a', '{}',
    'in_progress', '{new,valid,ready}', null, 1, 2, '2026-03-01 11:50:00+00', '2026-03-01 11:58:20+00', null),
  ('00000000-0000-0000-0000-000000000012', '00000000-0000-0000-0000-00000000000a', '{}',
    'in_progress', '{new,valid,ready}', null, 1, 1, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', null),
  ('00000000-0000-0000-0000-000000000013', '00000000-0000-0000-0000-00000000000b', '{}',
    'done', '{new,valid,ready,in_progress}', null, 1, 1, '2026-03-01 11:00:00+00', '2026-03-01 11:00:00+00',
    '2026-03-01 11:01:00+00'),
  ('00000000-0000-0000-0000-000000000014', '00000000-0000-0000-0000-00000000000b', '{}',
    'invalid', '{new}', 'missing_value', null, null, '2026-03-01 11:00:00+00', null, '2026-03-01 11:00:00+00');

insert into public.activity_request
  (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, object_type_id, workflow_phase, config,
   state, state_via, state_substate)
select ('00000000-0000-0000-0000-0000000000' || a.id)::uuid, ('00000000-0000-0000-0000-00000000000' || a.org)::uuid,
  ('00000000-0000-0000-0000-0000000000' || a.workflow)::uuid, '00000000-0000-0000-0000-000000000003', a.key, 'extract',
  '00000000-0000-0000-0000-000000000001', a.phase, '{}', a.state::public.activity_request_state,
  a.via::public.activity_request_state[], a.substate
from (
  values
    ('21', 'a', '11', 'one', 1, 'done', '{new,valid,ready,in_progress}', null),
    ('22', 'a', '11', 'two', 1, 'in_progress', '{new,valid,ready}', null),
    ('23', 'a', '11', 'three', 2, 'waiting', '{new,valid}', 'phase'),
    ('24', 'a', '12', 'one', 1, 'in_progress', '{new,valid,ready}', null),
    ('25', 'b', '13', 'one', 1, 'done', '{new,valid,ready,in_progress}', null)
) as a (id, org, workflow, key, phase, state, via, substate);

insert into public.run_queue
  (org_id, workflow_request_id, activity_request_id, source_id, object_id, state, state_via, due_at)
select '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000011',
  '00000000-0000-0000-0000-000000000022', '00000000-0000-0000-0000-000000000002', o.id,
  case when o.number <= 1 then 'done' when o.number <= 2 then 'failed' else 'waiting' end::public.run_queue_state,
  case when o.number <= 2 then '{new,valid,ready,in_progress}' else '{new,valid}' end::public.run_queue_state[],
  '2026-03-01 12:00:00+00'
from (
  select etl_api.store_object('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001',
    pg_catalog.jsonb_build_object('domain', n || '.test')) as id, n as number
  from pg_catalog.generate_series(1, 4) as n
) as o;

insert into public.delivery
  (org_id, workflow_request_id, activity_request_id, url, secret_name, event_type, state, state_via)
values
  ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000011',
    '00000000-0000-0000-0000-000000000021', 'https://client.test/', 'webhook', 'activity_request.done',
    'ready', '{new,valid}');

create temporary view seen as
select *
from etl_api.workflow_progress
where workflow_request_id = '00000000-0000-0000-0000-000000000011';

select is(activities, '{"done": 1, "in_progress": 1, "waiting": 1}', 'activities are counted by state') from seen;
select is(runs, '{"done": 1, "failed": 1, "waiting": 2}', 'runs are counted by state, over all activities') from seen;
select is(deliveries, '{"ready": 1}', 'messages are counted by state') from seen;
select is((phase, phase_count), (1, 2), 'it names the phase and how many there are') from seen;
select is(percent, 50.0, 'percent is the mean of the activities: one ended, one half through, one not begun') from seen;
select is(eta, interval '100 seconds', 'half of it took 100 seconds, so the other half takes as long') from seen;

select is(phases,
  '[{"phase": 1, "activities": 2, "ended": 1, "percent": 75.0}, {"phase": 2, "activities": 1, "ended": 0, "percent": 0.0}]',
  'each phase has its own figures') from seen;

-- Of an activity that has ended, its result knows the runs.
insert into public.activity_result (activity_request_id, org_id, objects, summary)
values ('00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-00000000000a', '[]',
  '{"objects": 0, "runs": {"done": 100, "failed": 3}}');
select is(runs, '{"done": 101, "failed": 4, "waiting": 2}', 'runs of activities that have ended come from their results') from seen;
-- A result of before does not count once the activity is open again.
insert into public.activity_result (activity_request_id, org_id, objects, summary)
values ('00000000-0000-0000-0000-000000000022', '00000000-0000-0000-0000-00000000000a', '[]', '{"runs": {"done": 1000}}');
select is(runs, '{"done": 101, "failed": 4, "waiting": 2}', 'those of open ones are counted') from seen;

select is(percent, 0.0, 'nothing has ended: 0 percent')
from etl_api.workflow_progress
where workflow_request_id = '00000000-0000-0000-0000-000000000012';
select is(eta, null, 'nothing has ended: no forecast')
from etl_api.workflow_progress
where workflow_request_id = '00000000-0000-0000-0000-000000000012';
select is((percent, eta), (100::numeric, null::interval), 'a workflow that is over is at 100 percent, with nothing to come')
from etl_api.workflow_progress
where workflow_request_id = '00000000-0000-0000-0000-000000000013';
select is((percent, activities, runs), (100::numeric, '{}'::jsonb, '{}'::jsonb), 'an invalid one is over, without activities')
from etl_api.workflow_progress
where workflow_request_id = '00000000-0000-0000-0000-000000000014';

insert into public.org_member (org_id, user_id, role)
values ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-0000000000ff', 'viewer');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-0000-0000-0000000000ff", "role": "authenticated"}', true);
set local role authenticated;
select results_eq(
  'select workflow_request_id from etl_api.workflow_progress order by 1',
  $$values ('00000000-0000-0000-0000-000000000013'::uuid), ('00000000-0000-0000-0000-000000000014'::uuid)$$,
  'a member sees the requests of the own tenant only');
set local role anon;
select throws_ok('select * from etl_api.workflow_progress', '42501', null, 'an anonymous caller sees nothing');
reset role;

select * from finish();

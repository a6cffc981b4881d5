select plan(6);

set etl.fake_now = '2026-03-01 12:00:00+00';

insert into public.org (id, name, slug)
values
  ('00000000-0000-0000-0000-00000000000a', 'A', 'a'),
  ('00000000-0000-0000-0000-00000000000b', 'B', 'b');
insert into public.workflow_request (org_id, data, state, state_via, state_substate, created_at)
select ('00000000-0000-0000-0000-00000000000' || w.org)::uuid, '{}', w.state::public.workflow_request_state,
  w.via::public.workflow_request_state[], w.substate, w.created_at::timestamptz
from (
  values
    ('a', 'invalid', '{new}', 'missing_value', '2026-03-01 11:00:00+00'),
    ('a', 'invalid', '{new}', 'missing_value', '2026-03-01 10:00:00+00'),
    ('a', 'invalid', '{new}', 'invalid_json', '2026-03-01 11:59:00+00'),
    ('b', 'done', '{new,valid,ready,in_progress}', null, '2026-03-01 11:30:00+00')
) as w (org, state, via, substate, created_at);

select results_eq(
  $$select state, state_substate, rows, oldest_age
    from etl_api.state_overview
    where entity = 'workflow_request'
    order by state, state_substate$$,
  $$values
    ('done', null, 1::bigint, interval '30 minutes'),
    ('invalid', 'invalid_json', 1, interval '1 minute'),
    ('invalid', 'missing_value', 2, interval '2 hours')$$,
  'rows are counted by state and substate, with the age of the oldest');
select is(
  (select count(*) from etl_api.state_overview where entity <> 'workflow_request'), 0::bigint,
  'a table without rows has no line');

-- One row in each of the other tables: every table is looked at.
insert into public.object_type (id, name, key_datapoints)
values ('00000000-0000-0000-0000-000000000001', 'overview_company', '{domain}');
insert into public.source (id, name, run_request_template)
values ('00000000-0000-0000-0000-000000000002', 'overview_source', '{"method": "GET", "url": "https://source.test/"}');
insert into public.activity (id, name, activity_type, object_type_id)
values ('00000000-0000-0000-0000-000000000003', 'overview', 'extract', '00000000-0000-0000-0000-000000000001');
insert into public.activity_request
  (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, object_type_id, workflow_phase, config,
   state, state_via)
select '00000000-0000-0000-0000-000000000021', w.org_id, w.id, '00000000-0000-0000-0000-000000000003', 'one', 'extract',
  '00000000-0000-0000-0000-000000000001', 1, '{}', 'in_progress', '{new,valid,ready}'
from public.workflow_request as w
where w.state = 'done';
insert into public.run_queue
  (org_id, workflow_request_id, activity_request_id, source_id, state, state_via, state_substate)
select ar.org_id, ar.workflow_request_id, ar.id, '00000000-0000-0000-0000-000000000002', 'waiting', '{new,valid}', 'allocation'
from public.activity_request as ar;
insert into public.run_request
  (org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, state, state_via)
select ar.org_id, ar.workflow_request_id, ar.id, '00000000-0000-0000-0000-000000000002', 'run', utils.new_id(), 'ready', '{new,valid}'
from public.activity_request as ar;
insert into public.delivery (org_id, workflow_request_id, url, secret_name, event_type, state, state_via)
select ar.org_id, ar.workflow_request_id, 'https://client.test/', 'webhook', 'workflow_request.done', 'ready', '{new,valid}'
from public.activity_request as ar;

select results_eq(
  $$select entity::text, state, state_substate, rows
    from etl_api.state_overview
    where entity <> 'workflow_request'
    order by 1$$,
  $$values
    ('activity_request', 'in_progress', null, 1::bigint),
    ('delivery', 'ready', null, 1),
    ('run_queue', 'waiting', 'allocation', 1),
    ('run_request', 'ready', null, 1)$$,
  'every table with a state is counted');

insert into public.org_member (org_id, user_id, role)
values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000ff', 'viewer');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-0000-0000-0000000000ff", "role": "authenticated"}', true);
set local role authenticated;
select is(
  (select pg_catalog.sum(rows) from etl_api.state_overview), 3::numeric,
  'a member''s figures are those of the own tenant');
set local role service_role;
select cmp_ok(
  (select pg_catalog.sum(rows) from etl_api.state_overview), '=', 8::numeric,
  'service_role counts the rows of all tenants');
set local role anon;
select throws_ok('select * from etl_api.state_overview', '42501', null, 'an anonymous caller sees nothing');
reset role;

select * from finish();

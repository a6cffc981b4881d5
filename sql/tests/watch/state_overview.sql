select plan(11);

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
    ('a', 'in_progress', '{new,valid,ready}', null, '2026-03-01 11:40:00+00'),
    ('a', 'in_progress', '{new,valid,ready}', null, '2026-03-01 11:20:00+00'),
    ('a', 'waiting', '{new,valid}', 'not_before', '2026-03-01 11:50:00+00'),
    ('b', 'done', '{new,valid,ready,in_progress}', null, '2026-03-01 11:30:00+00')
) as w (org, state, via, substate, created_at);

select results_eq(
  $$select state, state_substate, rows, oldest_at, oldest_age
    from etl_api.state_overview
    where entity = 'workflow_request'
    order by state, state_substate$$,
  $$values
    ('done', null, 1::bigint, null::timestamptz, null::interval),
    ('in_progress', null, 2, '2026-03-01 11:20:00+00', interval '40 minutes'),
    ('invalid', 'invalid_json', 1, null, null),
    ('invalid', 'missing_value', 2, null, null),
    ('waiting', 'not_before', 1, '2026-03-01 11:50:00+00', interval '10 minutes')$$,
  'rows are counted by state and substate in the transaction that made them, open ones with the age of the oldest');
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
   state, state_via, created_at)
select '00000000-0000-0000-0000-000000000021', w.org_id, w.id, '00000000-0000-0000-0000-000000000003', 'one', 'extract',
  '00000000-0000-0000-0000-000000000001', 1, '{}', 'in_progress', '{new,valid,ready}', utils.now()
from public.workflow_request as w
where w.state = 'done';
insert into public.run_queue
  (org_id, workflow_request_id, activity_request_id, source_id, state, state_via, state_substate, created_at)
select ar.org_id, ar.workflow_request_id, ar.id, '00000000-0000-0000-0000-000000000002', 'waiting', '{new,valid}',
  'allocation', utils.now()
from public.activity_request as ar;
insert into public.run_request
  (org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, state, state_via, created_at)
select ar.org_id, ar.workflow_request_id, ar.id, '00000000-0000-0000-0000-000000000002', 'run', utils.new_id(),
  r.state::public.run_request_state, r.via::public.run_request_state[], utils.now()
from public.activity_request as ar
cross join (values ('ready', '{new,valid}'), ('in_progress', '{new,valid,ready}')) as r (state, via);
insert into public.delivery (org_id, workflow_request_id, url, secret_name, event_type, state, state_via, created_at)
select ar.org_id, ar.workflow_request_id, 'https://client.test/', 'webhook', 'workflow_request.done',
  d.state::public.delivery_state, d.via::public.delivery_state[], utils.now()
from public.activity_request as ar
cross join (values ('ready', '{new,valid}'), ('in_progress', '{new,valid,ready}')) as d (state, via);

create temporary view others as
select entity::text, state, state_substate, rows, oldest_age
from etl_api.state_overview
where entity <> 'workflow_request'
order by 1, 2;
select results_eq(
  'table others',
  $$values
    ('activity_request', 'in_progress', null, 1::bigint, interval '0'),
    ('delivery', 'in_progress', null, 1, '0'),
    ('delivery', 'ready', null, 1, '0'),
    ('run_queue', 'waiting', 'allocation', 1, '0'),
    ('run_request', 'in_progress', null, 1, '0'),
    ('run_request', 'ready', null, 1, '0')$$,
  'every table with a state is counted, the oldest found in each');

insert into public.org_member (org_id, user_id, role)
values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000ff', 'viewer');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-0000-0000-0000000000ff", "role": "authenticated"}', true);
set local role authenticated;
select is(
  (select pg_catalog.sum(rows) from etl_api.state_overview), 6::numeric,
  'a member''s figures are those of the own tenant');
set local role service_role;
select cmp_ok(
  (select pg_catalog.sum(rows) from etl_api.state_overview), '=', 13::numeric,
  'service_role counts the rows of all tenants');
set local role anon;
select throws_ok('select * from etl_api.state_overview', '42501', null, 'an anonymous caller sees nothing');
reset role;

-- What is counted follows every kind of write.
update public.run_queue
set state_substate = 'budget';
select is((select state_substate from others where entity = 'run_queue'), 'budget', 'a new substate is counted as such');
update public.run_queue
set state = 'in_progress', state_via = '{ready}', state_substate = null;
select is((select array_agg(state || ' ' || rows) from others where entity = 'run_queue'), '{in_progress 1}',
  'a row that goes on is counted once, where it is');
delete from public.run_request where state = 'ready';
select is((select array_agg(state || ' ' || rows) from others where entity = 'run_request'), '{in_progress 1}',
  'a deleted row is not counted');
delete from public.workflow_request where state = 'done';
select is((select count(*) from others), 0::bigint, 'nor what went with it');

-- The same request again: the second row is gone when the statement ends.
insert into public.workflow_request (org_id, data, idempotency_key)
values ('00000000-0000-0000-0000-00000000000a', '{}', 'again');
insert into public.workflow_request (org_id, data, idempotency_key)
values ('00000000-0000-0000-0000-00000000000a', '{}', 'again');
select is(
  (select pg_catalog.sum(rows) from etl_api.state_overview where entity = 'workflow_request'),
  (select count(*) from public.workflow_request)::numeric,
  'a repeated request is counted once');

select * from finish();

-- The same idempotency_key for the same organisation returns the first row's id and starts nothing.
select plan(17);
select test_setup.intake();

create temp table got (nr int generated always as identity, id uuid);
grant all on got to authenticated, service_role;
create function pg_temp.doc() returns jsonb language sql as $$
  select '{"input": {"companies": [{"domain": "acme.test"}]}, "data": {"e": {"id": "00000000-0000-4000-8000-000000000002"}}}'::jsonb
$$;
prepare put (uuid, text) as
  insert into public.workflow_request (org_id, data, idempotency_key) values ($1, pg_temp.doc(), $2) returning id;

create function pg_temp.put(org uuid, key text) returns uuid language sql as $$
  insert into public.workflow_request (org_id, data, idempotency_key) values (org, pg_temp.doc(), key) returning id
$$;

insert into got (id) select pg_temp.put('00000000-0000-4000-8000-0000000000a1', 'k1');
insert into got (id) select pg_temp.put('00000000-0000-4000-8000-0000000000a1', 'k1');
select is((select pg_catalog.count(distinct id)::int from got), 1, 'a second insert returns the first one''s id');
select is((select pg_catalog.count(*)::int from public.workflow_request), 1, 'and leaves no row');
select is((select pg_catalog.count(*)::int from public.activity_request), 1, 'and starts nothing');
select is((select pg_catalog.count(*)::int from etl_api.state_history where entity = 'workflow_request' and from_state is null), 1,
  'and has no history');

select isnt(pg_temp.put('00000000-0000-4000-8000-0000000000b1', 'k1'), (select id from got limit 1),
  'another organisation''s key is its own');
select isnt(pg_temp.put('00000000-0000-4000-8000-0000000000a1', null), pg_temp.put('00000000-0000-4000-8000-0000000000a1', null),
  'without a key every row is a request');

-- In one statement: ten new keys, each five times, two of them used before.
select pg_temp.put('00000000-0000-4000-8000-0000000000a1', 'bulk 1');
select pg_temp.put('00000000-0000-4000-8000-0000000000a1', 'bulk 2');
truncate got;
with put as (
  insert into public.workflow_request (org_id, data, idempotency_key)
  select '00000000-0000-4000-8000-0000000000a1', pg_temp.doc(), 'bulk ' || g % 10
  from pg_catalog.generate_series(1, 50) as g
  returning id)
insert into got (id) select id from put;
select is((select pg_catalog.count(*)::int from got), 50, 'every row of a bulk insert returns an id');
select is((select pg_catalog.count(distinct id)::int from got), 10, 'one id for each key');
select is((select pg_catalog.count(*)::int from public.workflow_request where idempotency_key like 'bulk%'), 10, 'one request for each key');
select is((select pg_catalog.count(*)::int from got join public.workflow_request as w on w.id = got.id and w.replay = 0 and w.state = 'in_progress'), 50,
  'each id is that of a request that runs');
select is((select pg_catalog.count(*)::int from public.workflow_request where replay <> 0), 0, 'no replay is left');

-- Roles that go through grants and row level security.
insert into public.org_member (org_id, user_id, role)
values ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000f001', 'member');
truncate got;
set local role service_role;
with put as (
  insert into public.workflow_request (org_id, data, idempotency_key)
  values ('00000000-0000-4000-8000-0000000000a1', '{}', 'bulk 3') returning id)
insert into got (id) select id from put;
set local role authenticated;
set local request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000f001", "role": "authenticated"}';
with put as (
  insert into public.workflow_request (org_id, data, idempotency_key)
  values ('00000000-0000-4000-8000-0000000000a1', '{}', 'bulk 3') returning id)
insert into got (id) select id from put;
select throws_ok(
  $$insert into public.workflow_request (org_id, data, idempotency_key)
    values ('00000000-0000-4000-8000-0000000000b1', '{}', 'k1') returning id$$,
  '42501', null, 'a member of A cannot ask for a key of B');
reset role;
select results_eq('select distinct id from got',
  $$select id from public.workflow_request where idempotency_key = 'bulk 3'$$,
  'service_role and authenticated get the first one''s id too');
select is((select pg_catalog.count(*)::int from public.workflow_request where idempotency_key = 'bulk 3'), 1, 'and leave nothing');

delete from public.workflow_request where idempotency_key = 'bulk 3';
select isnt(pg_temp.put('00000000-0000-4000-8000-0000000000a1', 'bulk 3'), (select id from got limit 1),
  'the key of a deleted request is free again');

select throws_ok(
  $$select pg_temp.put('00000000-0000-4000-8000-0000000000a1', repeat('k', 256))$$, '23514', null, 'a key has at most 255 characters');
select is(
  (test_setup.request('{}', 'bad')).id, (test_setup.request('{}', 'bad')).id, 'an invalid request keeps its key as well');

select * from finish();

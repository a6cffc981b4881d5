-- The free tier: new objects are taken from it, and without it or a charge nothing is taken in.
select plan(12);

select test_setup.intake();
update public.org set free_objects = 3 where slug = 'org-a';
create function pg_temp.free() returns bigint
language sql
as $$ select free_objects from public.org where slug = 'org-a' $$;
create function pg_temp.ask(variadic domains text[]) returns jsonb
language sql
as $$
  select test_setup.faults(jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest(domains) as d)),
    'data', '{"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}'::jsonb))
$$;

select is(pg_temp.ask('a.test', 'b.test'), null, 'a request is taken in while there are free objects');
select is(pg_temp.free(), 1::bigint, 'each new object is taken from them');
select is(pg_temp.ask('a.test', 'b.test'), null, 'one about known objects, too');
select is(pg_temp.free(), 1::bigint, 'known objects cost nothing');
select is(pg_temp.ask('c.test', 'd.test', 'e.test'), null, 'the last free object lets a request in, however many it brings');
select is(pg_temp.free(), 0::bigint, 'there are never less than none');

select is(
  pg_temp.ask('a.test'),
  '[{"code": "no_free_objects", "path": "$", "found": 0,
     "message": "The organisation \"Org A\" has used up its free objects, and no charge is arranged.",
     "hint": "Arrange a charge (next_charge), or ask the operator for more free objects; then try it again with etl_api.retry(id)."}]'::jsonb,
  'without free objects and without a charge a request is refused, also one about known objects');
select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": 7}}}') -> 1, null,
  'what else is wrong with it is not told');

update public.org set next_charge = now() + interval '1 month' where slug = 'org-a';
select is(pg_temp.ask('f.test'), null, 'with a charge arranged it is taken in');
update public.org set next_charge = null, free_objects = 100 where slug = 'org-a';
select etl_api.retry(id) from public.workflow_request where state_substate = 'no_free_objects' and errors -> 0 ->> 'path' = '$' limit 1;
select is(
  (select count(*) from public.workflow_request where state_substate = 'no_free_objects'), 1::bigint,
  'a refused request can be tried again when there are free objects');

-- What lies beside the org's row counts as well.
insert into etl_api.org_count_delta (org_id, free_objects) select id, 100 from public.org where slug = 'org-a';
select is(pg_temp.ask('g.test') -> 0 ->> 'code', 'no_free_objects', 'what is not yet added to the counters is not free any more');

update public.org set deleted_at = '2026-01-01', next_charge = now() where slug = 'org-a';
select is(
  pg_temp.ask('h.test') -> 0 ->> 'message', 'The organisation "Org A" has been deleted, so it can request nothing.',
  'an organisation that has been deleted requests nothing');

select * from finish();

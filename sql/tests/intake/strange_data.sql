-- Data nobody expects: none of it raises out of the insert, and each has a stated result.
select plan(14);
select test_setup.intake();
update etl_api.setting set value = '5000' where name = 'max_data_depth';

select is((test_setup.request(null)).state_substate, 'missing_value', 'no data at all');
select is(
  test_setup.faults(null),
  '[{"code": "missing_value", "path": "$", "found": null, "message": "The request has no data.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'and what is said of it');
select is(
  test_setup.faults('{"data": {"e": {"id": 1, "id": "00000000-0000-4000-8000-000000000001"}}}'), null,
  'of a name given twice the last value counts');
select is(
  (select pg_catalog.array_agg(a.activity_key order by a.activity_key collate "C") from test_setup.expanded('{"data": {
      "Größe 大 🚀": {"id": "00000000-0000-4000-8000-000000000001"}, "": {"id": "00000000-0000-4000-8000-000000000001"},
      "constructor": {"id": "00000000-0000-4000-8000-000000000003"}}}') as a),
  array['', 'Größe 大 🚀', 'constructor'], 'keys are any text up to 255 characters');
select is(
  test_setup.faults('{"data": {"Größe 大 🚀": {"id": "é"}}}') #>> '{0,path}', '$.data["Größe 大 🚀"].id',
  'and stand in the path as they are');

create function pg_temp.nested(depth int) returns jsonb language sql as $$
  select (pg_catalog.repeat('[', depth) || pg_catalog.repeat(']', depth))::jsonb
$$;
select is(
  test_setup.faults(pg_temp.nested(2000)) -> 0 ->> 'message',
  'The data of a request is an object, but this is a list.', 'a list 2,000 levels deep');
select is(
  test_setup.faults(pg_catalog.jsonb_build_object('data', pg_catalog.jsonb_build_object('e', pg_temp.nested(2000)))) -> 0 ->> 'found',
  '(array of 1 element)', 'what is too big to show is described');
select is(
  (test_setup.request(pg_catalog.jsonb_build_object('input', pg_temp.nested(2000), 'data', '{"e": {"id": "00000000-0000-4000-8000-000000000002"}}'::jsonb))).errors,
  null, 'an input is anything, for an activity that takes none');
select is(
  test_setup.faults('{"data": {"e": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 1e100000}}}}}') #>> '{0,message}',
  'phase is a whole number from 1 to 2147483647, but this is a number of 100001 digits.', 'a number of 100,001 digits');
select is(
  pg_catalog.jsonb_array_length(test_setup.faults(pg_catalog.jsonb_build_object('data', (
    select pg_catalog.jsonb_object_agg('a' || g, '{"setup": {"config": {"phase": 0, "max_objects": 0}}}'::jsonb)
    from pg_catalog.generate_series(1, 1000) as g)))),
  1000, 'of more than 1,000 faults the first 1,000 are told');
select is(
  test_setup.faults(pg_catalog.jsonb_build_object('data', pg_catalog.jsonb_build_object('e', pg_catalog.jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000001', 'setup', pg_catalog.jsonb_build_object('config', pg_catalog.jsonb_build_object(
      'datapoints', (select pg_catalog.jsonb_agg(g) from pg_catalog.generate_series(1, 1001) as g))))))) -> 0 ->> 'message',
  'The datapoints are a list of at most 1000 names, but this is a longer one.', 'a list without end');

-- A ring of 1,000 activities, each handing to the next: the circle is found, and its length does not blow up.
insert into public.activity (id, org_id, name, activity_type, object_type_id, datapoints)
select ('00000000-0000-4000-9000-' || pg_catalog.lpad(g::text, 12, '0'))::uuid, '00000000-0000-4000-8000-0000000000a1', 'Ring', 'enrichment',
  '00000000-0000-4000-8000-000000000101', '{industry}'
from pg_catalog.generate_series(0, 999) as g;
create function pg_temp.ring(closed boolean) returns jsonb language sql as $$
  select pg_catalog.jsonb_build_object('input', '{"companies": [{"domain": "acme.test"}]}'::jsonb, 'data', pg_catalog.jsonb_object_agg('a' || pg_catalog.lpad(g::text, 3, '0'),
    pg_catalog.jsonb_build_object('id', '00000000-0000-4000-9000-' || pg_catalog.lpad(g::text, 12, '0'))
    || case when g < 999 or closed then pg_catalog.jsonb_build_object('destination', pg_catalog.jsonb_build_object('activity',
      pg_catalog.jsonb_build_object('id', '00000000-0000-4000-9000-' || pg_catalog.lpad(((g + 1) % 1000)::text, 12, '0')))) else '{}' end))
  from pg_catalog.generate_series(0, 999) as g
$$;
select is(
  (select pg_catalog.jsonb_agg(e - 'found' - 'message' - 'hint') from pg_catalog.jsonb_array_elements(test_setup.faults(pg_temp.ring(true))) as e),
  '[{"code": "dependency_cycle", "path": "$.data.a000.destination.activity.id"}]'::jsonb, 'a circle of 1,000 is one fault');
select is((test_setup.request(pg_temp.ring(false))).errors, null, 'a chain of 1,000 is none');
select is(
  (select pg_catalog.count(*)::int from public.activity_request where state_substate = 'dependency'), 999,
  'and all but its first wait for another');

select * from finish();

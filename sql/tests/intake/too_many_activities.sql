-- A request has at most 1,000 activities; far more are refused without being read.
select plan(4);
select test_setup.intake();

create function pg_temp.request_of(n int) returns jsonb language sql as $$
  select pg_catalog.jsonb_build_object('data', pg_catalog.jsonb_object_agg('a' || g, '{"id": "00000000-0000-4000-8000-000000000003"}'::jsonb))
  from pg_catalog.generate_series(1, n) as g
$$;

select is(test_setup.faults(pg_temp.request_of(1001)),
  '[{"code": "too_many_activities", "path": "$.data", "found": 1001,
     "message": "The request names 1001 activities; 1000 is the most.",
     "hint": "Make several requests of it."}]'::jsonb, '1,001 are too many');
select is(test_setup.faults(pg_temp.request_of(100000)) #>> '{0,found}', '100000', '100,000 are too many');
select is(test_setup.faults(pg_temp.request_of(1000)), null, '1,000 are not');
select is((select pg_catalog.count(*)::int from public.activity_request), 1000, 'and become activity requests');

select * from finish();

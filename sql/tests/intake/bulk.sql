-- One statement, 1,000 rows, 10 of them malformed in ten ways: the others run as if these were not there.
select plan(7);
select test_setup.intake();

insert into public.workflow_request (org_id, data)
select '00000000-0000-4000-8000-0000000000a1',
  case when g % 100 <> 50 then pg_catalog.jsonb_build_object(
    'input', pg_catalog.jsonb_build_object('companies', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('domain', g || '.test'))),
    'data', '{"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}'::jsonb)
  else (array[
    null, '7', '[]', '"{}"', '{}', '{"data": []}', '{"data": {"enrich": {"id": 1}}}',
    '{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000004"}}}',
    '{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"max_objects": 1e400}}}}}',
    '{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001",
      "destination": {"activity": {"id": "00000000-0000-4000-8000-000000000001"}}}}}'
    ]::jsonb[])[(g + 50) / 100] end
from pg_catalog.generate_series(1, 1000) as g;

select results_eq(
  'select state::text, count(*)::int from public.workflow_request group by 1 order by 1',
  $$values ('in_progress', 990), ('invalid', 10)$$,
  '990 run, 10 are invalid');
select results_eq(
  'select state_substate, count(*)::int from public.workflow_request where state = ''invalid'' group by 1 order by 1',
  $$values ('dependency_cycle', 1), ('invalid_json', 3), ('invalid_type', 3), ('missing_value', 2), ('unknown_activity', 1)$$,
  'each of the 10 has its own class');
select is((select pg_catalog.count(*)::int from public.activity_request), 990, 'one activity request for each that runs');
select is((select pg_catalog.count(*)::int from public.activity_request where state = 'in_progress'), 990, 'all of them started');
select is((select pg_catalog.count(distinct q.activity_request_id)::int from public.run_queue as q), 990, 'and all have runs to do');
select is((select pg_catalog.count(*)::int from etl_api.etl_log where context ? 'sqlstate'), 0, 'none was taken for a fault of the engine');
select is((select pg_catalog.count(*)::int from etl_api.etl_log where station = 'intake'), 10, 'and the log tells of each of the 10');

select * from finish();

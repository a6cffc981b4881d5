-- Activities that wait for each other: the whole errors value of each.
select plan(6);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}}}'),
  '[{"code": "dependency_cycle", "path": "$.data.enrich.destination.activity.id",
     "found": ["enrich"],
     "message": "These activities wait for each other, so none can start: enrich → enrich.",
     "hint": "Take one of the activities out of the circle."}]'::jsonb,
  'an activity that waits for itself');

select is(
  test_setup.faults('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}, "b": {"id": "00000000-0000-4000-8000-000000000003", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}}}'),
  '[{"code": "dependency_cycle", "path": "$.data.a.destination.activity.id",
     "found": ["a", "b"],
     "message": "These activities wait for each other, so none can start: a → b → a.",
     "hint": "Take one of the activities out of the circle."}]'::jsonb,
  'two');

select is(
  test_setup.faults('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": "00000000-0000-4000-8000-000000000003"}}}, "b": {"id": "00000000-0000-4000-8000-000000000003", "destination": {"activity": {"id": "00000000-0000-4000-8000-000000000001"}}}}}'),
  '[{"code": "dependency_cycle", "path": "$.data.a.destination.activity.id",
     "found": ["a", "b"],
     "message": "These activities wait for each other, so none can start: a → b → a.",
     "hint": "Take one of the activities out of the circle."}]'::jsonb,
  'two, the ids as plain texts');

select is(
  test_setup.faults('{"data": {"c": {"id": "00000000-0000-4000-8000-000000000002", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}, "a": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}, "b": {"id": "00000000-0000-4000-8000-000000000003", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000002"]}}}, "d": {"id": "00000000-0000-4000-8000-000000000006", "setup": {"config": {"phase": 1}}, "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000002"]}}}}}'),
  '[{"code": "unknown_source", "path": "$.data.d.id",
     "found": "00000000-0000-4000-8000-000000001099",
     "message": "The activity \"Ask a lost source\" asks the source 00000000-0000-4000-8000-000000001099, which does not exist.",
     "hint": "Set the source_ids of the activity right."},
    {"code": "dependency_cycle", "path": "$.data.a.destination.activity.id",
     "found": ["a", "b", "c"],
     "message": "These activities wait for each other, so none can start: a → b → c → a.",
     "hint": "Take one of the activities out of the circle."}]'::jsonb,
  'three, and one that only hands to them');

select is(
  test_setup.faults('{"data": {"z": {"id": "00000000-0000-4000-8000-000000000002"}, "a": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}, "b": {"id": "00000000-0000-4000-8000-000000000003", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}}}'),
  '[{"code": "dependency_cycle", "path": "$.data.a.destination.activity.id",
     "found": ["a", "b"],
     "message": "These activities wait for each other, so none can start: a → b → a.",
     "hint": "Take one of the activities out of the circle."}]'::jsonb,
  'in a later phase');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

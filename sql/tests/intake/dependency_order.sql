-- Activities that hand to an earlier phase: the whole errors value of each.
select plan(3);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"late": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}, "early": {"id": "00000000-0000-4000-8000-000000000003"}}}'),
  '[{"code": "dependency_order", "path": "$.data.late.destination.activity.id[0]",
     "found": "00000000-0000-4000-8000-000000000003",
     "message": "The activity \"late\" of phase 2 hands its objects to \"early\" of phase 1, which is over by then.",
     "hint": "Put the taking activity into the same or a later phase."}]'::jsonb,
  'to an earlier phase');

select is(
  test_setup.faults('{"data": {"late": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}, "early": {"id": "00000000-0000-4000-8000-000000000003", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}}}'),
  '[{"code": "dependency_order", "path": "$.data.late.destination.activity.id[0]",
     "found": "00000000-0000-4000-8000-000000000003",
     "message": "The activity \"late\" of phase 2 hands its objects to \"early\" of phase 1, which is over by then.",
     "hint": "Put the taking activity into the same or a later phase."}]'::jsonb,
  'forth and back between two phases: only the way back is wrong');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

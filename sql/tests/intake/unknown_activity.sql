-- Activities that cannot be named: the whole errors value of each.
select plan(4);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-0000000000ff"}}}'),
  '[{"code": "unknown_activity", "path": "$.data.enrich.id",
     "found": "00000000-0000-4000-8000-0000000000ff",
     "message": "There is no activity 00000000-0000-4000-8000-0000000000ff.",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'an activity that does not exist');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000004"}}}'),
  '[{"code": "unknown_activity", "path": "$.data.enrich.id",
     "found": "00000000-0000-4000-8000-000000000004",
     "message": "There is no activity 00000000-0000-4000-8000-000000000004.",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'another organisation''s activity reads exactly the same');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000003"]}}}}}'),
  '[{"code": "unknown_activity", "path": "$.data.enrich.destination.activity.id[0]",
     "found": "00000000-0000-4000-8000-000000000003",
     "message": "No activity of this request has the id 00000000-0000-4000-8000-000000000003.",
     "hint": "Give the id of another activity of this request."}]'::jsonb,
  'a destination that is no activity of this request');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

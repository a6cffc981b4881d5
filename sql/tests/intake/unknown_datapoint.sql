-- Datapoints that do not exist: the whole errors value of each.
select plan(4);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": ["industry", "revenue"]}}}}}'),
  '[{"code": "unknown_datapoint", "path": "$.data.enrich.setup.config.datapoints[1]",
     "found": "revenue",
     "message": "The activity \"Enrich companies\" asks for the datapoint \"revenue\", which its objects do not have.",
     "hint": "Give the name of a datapoint of the activity''s object type."}]'::jsonb,
  'a name that does not exist');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": ["secret_of_b"]}}}}}'),
  '[{"code": "unknown_datapoint", "path": "$.data.enrich.setup.config.datapoints[0]",
     "found": "secret_of_b",
     "message": "The activity \"Enrich companies\" asks for the datapoint \"secret_of_b\", which its objects do not have.",
     "hint": "Give the name of a datapoint of the activity''s object type."}]'::jsonb,
  'another organisation''s datapoint');

select is(
  test_setup.faults('{"data": {"bad": {"id": "00000000-0000-4000-8000-000000000007", "setup": {"config": {"max_objects": 5}}}}}'),
  '[{"code": "unknown_datapoint", "path": "$.data.bad.setup.config.datapoints",
     "found": "nonsense",
     "message": "The activity \"Badly set up\" asks for the datapoint \"nonsense\", which its objects do not have.",
     "hint": "The activity itself asks for it: set it right there, or name the datapoints here."}]'::jsonb,
  'a name that the activity itself gets wrong');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

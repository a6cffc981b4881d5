-- Sources that are missing: the whole errors value of each.
select plan(4);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000006"}}}'),
  '[{"code": "unknown_source", "path": "$.data.enrich.id",
     "found": "00000000-0000-4000-8000-000000001099",
     "message": "The activity \"Ask a lost source\" asks the source 00000000-0000-4000-8000-000000001099, which does not exist.",
     "hint": "Set the source_ids of the activity right."}]'::jsonb,
  'unknown_source: the activity names a source that is gone');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": ["orphan"]}}}}}'),
  '[{"code": "no_source", "path": "$.data.enrich.id",
     "found": "00000000-0000-4000-8000-000000000001",
     "message": "No source that is enabled knows any datapoint that the activity \"Enrich companies\" asks for.",
     "hint": "Enable a source of activity type enrichment with a datapoint_source for one of them, or ask for others."}]'::jsonb,
  'no_source: only a source that is switched off knows the datapoint');

select is(
  test_setup.faults('{"data": {"find": {"id": "00000000-0000-4000-8000-000000000005"}}}'),
  '[{"code": "no_source", "path": "$.data.find.id",
     "found": "00000000-0000-4000-8000-000000000005",
     "message": "No source that is enabled gives objects for the activity \"Find companies\".",
     "hint": "Enable a source of activity type sourcing with an object_source of direction result."}]'::jsonb,
  'no_source: nobody serves this type of activity');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

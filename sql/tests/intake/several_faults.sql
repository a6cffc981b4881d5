-- Every fault is told at once: the whole errors value of each.
select plan(2);
select test_setup.intake();

select is(
  test_setup.faults('{"config": {"timeout_seconds": 0}, "data": {"a": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": "x", "datapoints": ["nix"]}}, "destination": {"webhook": {"url": "no"}}}, "b": {"destination": {"activity": {"id": ["00000000-0000-4000-8000-000000000001"]}}}, "c": {"id": "00000000-0000-4000-8000-000000000004"}}}'),
  '[{"code": "missing_value", "path": "$.data.b.id",
     "found": null,
     "message": "The activity has no id, so it is not known what to do.",
     "hint": "Give the id of an activity of your organisation."},
    {"code": "invalid_type", "path": "$.config.timeout_seconds",
     "found": 0,
     "message": "timeout_seconds is a number of seconds from 1 to 315360000, but this is the number 0.",
     "hint": "Write another value, or leave it out."},
    {"code": "invalid_type", "path": "$.data.a.setup.config.phase",
     "found": "x",
     "message": "phase is a whole number from 1 to 2147483647, but this is the text \"x\".",
     "hint": "Write another value, or leave it out."},
    {"code": "unknown_activity", "path": "$.data.c.id",
     "found": "00000000-0000-4000-8000-000000000004",
     "message": "There is no activity 00000000-0000-4000-8000-000000000004.",
     "hint": "Give the id of an activity of your organisation, or of a shared one."},
    {"code": "unknown_datapoint", "path": "$.data.a.setup.config.datapoints[0]",
     "found": "nix",
     "message": "The activity \"Enrich companies\" asks for the datapoint \"nix\", which its objects do not have.",
     "hint": "Give the name of a datapoint of the activity''s object type."},
    {"code": "invalid_url", "path": "$.data.a.destination.webhook.url",
     "found": "no",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'in the order of their classes');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

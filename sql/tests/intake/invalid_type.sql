-- Values of a wrong type or out of range: the whole errors value of each.
select plan(36);
select test_setup.intake();

select is(
  test_setup.faults('{"data": [{"id": "00000000-0000-4000-8000-000000000001"}]}'),
  '[{"code": "invalid_type", "path": "$.data",
     "found": [{"id": "00000000-0000-4000-8000-000000000001"}],
     "message": "The activities are an object of keys and activities, but this is a list.",
     "hint": "Give each activity a key of your own, such as {\"enrich\": {\"id\": \"<activity uuid>\"}}."}]'::jsonb,
  'activities as a list');

select is(
  test_setup.faults('{"data": "{}"}'),
  '[{"code": "invalid_type", "path": "$.data",
     "found": "{}",
     "message": "The activities are an object of keys and activities, but this is the text \"{}\".",
     "hint": "Give each activity a key of your own, such as {\"enrich\": {\"id\": \"<activity uuid>\"}}."}]'::jsonb,
  'activities as a text');

select is(
  test_setup.faults('{"data": {"enrich": ["00000000-0000-4000-8000-000000000001"]}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich",
     "found": ["00000000-0000-4000-8000-000000000001"],
     "message": "An activity is an object, but this is a list.",
     "hint": "Give an object such as {\"id\": \"<activity uuid>\"}."}]'::jsonb,
  'an activity that is a list');

select is(
  test_setup.faults('{"data": {"enrich": "00000000-0000-4000-8000-000000000001"}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich",
     "found": "00000000-0000-4000-8000-000000000001",
     "message": "An activity is an object, but this is the text \"00000000-0000-4000-8000-000000000001\".",
     "hint": "Give an object such as {\"id\": \"<activity uuid>\"}."}]'::jsonb,
  'an activity that is its id');

select is(
  test_setup.faults('{"data": {"enrich": null}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich",
     "found": null,
     "message": "An activity is an object, but this is null.",
     "hint": "Give an object such as {\"id\": \"<activity uuid>\"}."}]'::jsonb,
  'an activity that is null');

select is(
  test_setup.faults('{"data": {"enrich": {"id": 1}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.id",
     "found": 1,
     "message": "The id of an activity is a UUID, but this is the number 1.",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'an id that is a number');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "enrich companies"}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.id",
     "found": "enrich companies",
     "message": "The id of an activity is a UUID, but this is the text \"enrich companies\".",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'an id that is no UUID');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "{00000000-0000-4000-8000-000000000001}"}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.id",
     "found": "{00000000-0000-4000-8000-000000000001}",
     "message": "The id of an activity is a UUID, but this is the text \"{00000000-0000-4000-8000-000000000001}\".",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'an id in braces');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "type": "source"}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.type",
     "found": "source",
     "message": "The type of what stands here is \"activity\", but this is the text \"source\".",
     "hint": "Write \"activity\", or leave it out."}]'::jsonb,
  'another type than activity');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": []}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup",
     "found": [],
     "message": "The setup of an activity is an object, but this is an empty list.",
     "hint": "Give an object such as {\"config\": {\"phase\": 1}}, or leave it out."}]'::jsonb,
  'a setup that is a list');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": "{}"}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config",
     "found": "{}",
     "message": "The config of an activity is an object, but this is the text \"{}\".",
     "hint": "Give an object such as {\"phase\": 1}, or leave it out."}]'::jsonb,
  'a config that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": "1"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.phase",
     "found": "1",
     "message": "phase is a whole number from 1 to 2147483647, but this is the text \"1\".",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a phase that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 0}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.phase",
     "found": 0,
     "message": "phase is a whole number from 1 to 2147483647, but this is the number 0.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a phase of zero');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 1.5}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.phase",
     "found": 1.5,
     "message": "phase is a whole number from 1 to 2147483647, but this is the number 1.5.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a phase with a fraction');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"phase": 2147483648}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.phase",
     "found": 2147483648,
     "message": "phase is a whole number from 1 to 2147483647, but this is the number 2147483648.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a phase beyond an integer');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"max_objects": -1}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.max_objects",
     "found": -1,
     "message": "max_objects is a whole number from 1 to 2147483647, but this is the number -1.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'max_objects below one');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"max_objects": 9999999999999999999999999999999999999999999999999999999999999999999999}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.max_objects",
     "found": 9999999999999999999999999999999999999999999999999999999999999999999999,
     "message": "max_objects is a whole number from 1 to 2147483647, but this is a number of 70 digits.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'max_objects beyond everything');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"activity_timeout_seconds": {"minutes": 1}}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.activity_timeout_seconds",
     "found": {"minutes": 1},
     "message": "activity_timeout_seconds is a number of seconds from 1 to 315360000, but this is an object.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a time limit that is an object');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"run_timeout_seconds": 0}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.run_timeout_seconds",
     "found": 0,
     "message": "run_timeout_seconds is a number of seconds from 1 to 315360000, but this is the number 0.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a time limit of nothing');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "config": {"timeout_seconds": "60"}}'),
  '[{"code": "invalid_type", "path": "$.config.timeout_seconds",
     "found": "60",
     "message": "timeout_seconds is a number of seconds from 1 to 315360000, but this is the text \"60\".",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a time limit of the workflow that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "config": [60]}'),
  '[{"code": "invalid_type", "path": "$.config",
     "found": [60],
     "message": "config is an object, but this is a list.",
     "hint": "Write another value, or leave it out."}]'::jsonb,
  'a config of the workflow that is a list');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": "industry"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.datapoints",
     "found": "industry",
     "message": "The datapoints are a list of at most 1000 names, but this is the text \"industry\".",
     "hint": "Give a list such as [\"industry\", \"employees\"], or leave it out."}]'::jsonb,
  'datapoints as a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": ["industry", 3]}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.setup.config.datapoints[1]",
     "found": 3,
     "message": "The name of a datapoint is a text, but this is the number 3.",
     "hint": "Give the name of a datapoint of the activity''s object type."}]'::jsonb,
  'a datapoint that is a number');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": "https://client.example/hook"}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination",
     "found": "https://client.example/hook",
     "message": "A destination is an object, but this is the text \"https://client.example/hook\".",
     "hint": "Give an object such as {\"webhook\": {\"url\": \"https://client.example/hook\"}}, or leave it out."}]'::jsonb,
  'a destination that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "destination": []}'),
  '[{"code": "invalid_type", "path": "$.destination",
     "found": [],
     "message": "A destination is an object, but this is an empty list.",
     "hint": "Give an object such as {\"webhook\": {\"url\": \"https://client.example/hook\"}}, or leave it out."}]'::jsonb,
  'a destination of the workflow that is a list');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": "https://client.example/hook"}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.webhook",
     "found": "https://client.example/hook",
     "message": "A webhook is an object, but this is the text \"https://client.example/hook\".",
     "hint": "Give {\"url\": \"https://…\"} or {\"endpoint\": \"<webhook_endpoint uuid>\"}, or leave it out."}]'::jsonb,
  'a webhook that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": {}}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.webhook.url",
     "found": {},
     "message": "The url of a webhook is a text, but this is an object.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'a url that is an object');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"endpoint": "main"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.webhook.endpoint",
     "found": "main",
     "message": "The endpoint of a webhook is a UUID, but this is the text \"main\".",
     "hint": "Give the id of a webhook_endpoint of your organisation."}]'::jsonb,
  'an endpoint that is no UUID');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "https://client.example/hook", "endpoint": "00000000-0000-4000-8000-000000002001"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.webhook",
     "found": {"url": "https://client.example/hook", "endpoint": "00000000-0000-4000-8000-000000002001"},
     "message": "The webhook says both url and endpoint.",
     "hint": "Give one of them."}]'::jsonb,
  'a url and an endpoint at once');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": "00000000-0000-4000-8000-000000000003"}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.activity",
     "found": "00000000-0000-4000-8000-000000000003",
     "message": "The activity that takes the objects is given as an object with its id, but this is the text \"00000000-0000-4000-8000-000000000003\".",
     "hint": "Give {\"id\": [\"<uuid of another activity of this request>\"]}, or leave it out."}]'::jsonb,
  'a destination activity that is a text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": 5}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.activity.id",
     "found": 5,
     "message": "The activities that take the objects are a list of at most 1000 ids, but this is the number 5.",
     "hint": "Give {\"id\": [\"<uuid of another activity of this request>\"]}, or leave it out."}]'::jsonb,
  'a destination activity id that is a number');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {"id": [7, "x"]}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.enrich.destination.activity.id[0]",
     "found": 7,
     "message": "The id of an activity is a UUID, but this is the number 7.",
     "hint": "Give {\"id\": [\"<uuid of another activity of this request>\"]}, or leave it out."},
    {"code": "invalid_type", "path": "$.data.enrich.destination.activity.id[1]",
     "found": "x",
     "message": "The id of an activity is a UUID, but this is the text \"x\".",
     "hint": "Give {\"id\": [\"<uuid of another activity of this request>\"]}, or leave it out."}]'::jsonb,
  'destination activity ids that are no UUIDs');

select is(
  test_setup.faults('{"data": {"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk": {"id": "00000000-0000-4000-8000-000000000001"}}}'),
  '[{"code": "invalid_type", "path": "$.data[\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…\"]",
     "found": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
     "message": "The key of an activity has at most 255 characters, but this one has 300.",
     "hint": "Give it a shorter key."}]'::jsonb,
  'a key that is too long');

select is(
  test_setup.faults('{"data": {"my \"key\"": {"id": 1}}}'),
  '[{"code": "invalid_type", "path": "$.data[\"my \\\"key\\\"\"].id",
     "found": 1,
     "message": "The id of an activity is a UUID, but this is the number 1.",
     "hint": "Give the id of an activity of your organisation, or of a shared one."}]'::jsonb,
  'a key that is no identifier is quoted in the path');

select is(
  test_setup.faults('{"data": {"bad": {"id": "00000000-0000-4000-8000-000000000007", "setup": {"config": {"datapoints": ["industry"]}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.bad.setup.config.max_objects",
     "found": "many",
     "message": "max_objects is a whole number from 1 to 2147483647, but this is the text \"many\".",
     "hint": "It stands in the config of the activity itself: set it right there, or write another value here."}]'::jsonb,
  'a value set wrongly in the activity itself');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

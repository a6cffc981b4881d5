-- Data that is no object: the whole errors value of each.
select plan(7);
select test_setup.intake();

select is(
  test_setup.faults('[]'),
  '[{"code": "invalid_json", "path": "$",
     "found": [],
     "message": "The data of a request is an object, but this is an empty list.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'a list');

select is(
  test_setup.faults('7'),
  '[{"code": "invalid_json", "path": "$",
     "found": 7,
     "message": "The data of a request is an object, but this is the number 7.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'a number');

select is(
  test_setup.faults('"enrich"'),
  '[{"code": "invalid_json", "path": "$",
     "found": "enrich",
     "message": "The data of a request is an object, but this is the text \"enrich\".",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'a text');

select is(
  test_setup.faults('true'),
  '[{"code": "invalid_json", "path": "$",
     "found": true,
     "message": "The data of a request is an object, but this is true.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'true');

select is(
  test_setup.faults('"{\"data\": {}}"'),
  '[{"code": "invalid_json", "path": "$",
     "found": "{\"data\": {}}",
     "message": "The data of a request is an object, but this is the text \"{\\\"data\\\": {}}\".",
     "hint": "It looks like JSON written into a text: give the object itself, not its text."}]'::jsonb,
  'JSON written into a text is not parsed, and the hint says so');

select is(
  test_setup.faults('"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"'),
  '[{"code": "invalid_json", "path": "$",
     "found": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
     "message": "The data of a request is an object, but this is a text of 600 characters.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'a long text is cut in what is shown');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

-- What must be there and is not: the whole errors value of each.
select plan(13);
select test_setup.intake();

select is(
  test_setup.faults('null'),
  '[{"code": "missing_value", "path": "$",
     "found": null,
     "message": "The request has no data.",
     "hint": "Give an object such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'JSON null as data');

select is(
  test_setup.faults('{"input": {}}'),
  '[{"code": "missing_value", "path": "$.data",
     "found": null,
     "message": "The request names no activity.",
     "hint": "Give at least one, such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'no activities');

select is(
  test_setup.faults('{"data": null}'),
  '[{"code": "missing_value", "path": "$.data",
     "found": null,
     "message": "The request names no activity.",
     "hint": "Give at least one, such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'null for the activities');

select is(
  test_setup.faults('{"data": {}}'),
  '[{"code": "missing_value", "path": "$.data",
     "found": {},
     "message": "The request names no activity.",
     "hint": "Give at least one, such as {\"data\": {\"enrich\": {\"id\": \"<activity uuid>\"}}}."}]'::jsonb,
  'an empty object of activities');

select is(
  test_setup.faults('{"data": {"enrich": {"type": "activity"}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.id",
     "found": null,
     "message": "The activity has no id, so it is not known what to do.",
     "hint": "Give the id of an activity of your organisation."}]'::jsonb,
  'an activity without id');

select is(
  test_setup.faults('{"data": {"enrich": {"id": null}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.id",
     "found": null,
     "message": "The activity has no id, so it is not known what to do.",
     "hint": "Give the id of an activity of your organisation."}]'::jsonb,
  'an activity whose id is null');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000008"}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.setup.config.datapoints",
     "found": null,
     "message": "The enrichment asks for no datapoint, so there is nothing to find.",
     "hint": "Name at least one here, or in the activity itself."}]'::jsonb,
  'an enrichment that asks for nothing');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"datapoints": []}}}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.setup.config.datapoints",
     "found": [],
     "message": "The enrichment asks for no datapoint, so there is nothing to find.",
     "hint": "Name at least one here, or in the activity itself."}]'::jsonb,
  'an enrichment whose request asks for nothing');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {}}}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.destination.webhook",
     "found": {},
     "message": "The webhook says neither url nor endpoint.",
     "hint": "Give {\"url\": \"https://…\"} or {\"endpoint\": \"<webhook_endpoint uuid>\"}."}]'::jsonb,
  'a webhook without an address');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "destination": {"webhook": {"url": null}}}'),
  '[{"code": "missing_value", "path": "$.destination.webhook",
     "found": {"url": null},
     "message": "The webhook says neither url nor endpoint.",
     "hint": "Give {\"url\": \"https://…\"} or {\"endpoint\": \"<webhook_endpoint uuid>\"}."}]'::jsonb,
  'a webhook for the whole workflow without an address');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"activity": {}}}}}'),
  '[{"code": "missing_value", "path": "$.data.enrich.destination.activity.id",
     "found": null,
     "message": "It is not said which activity takes the objects.",
     "hint": "Give {\"id\": [\"<uuid of another activity of this request>\"]}, or leave it out."}]'::jsonb,
  'a destination activity without id');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "input": null}'),
  '[{"code": "missing_value", "path": "$.input",
     "found": null,
     "message": "The activity \"Enrich companies\" finds no input in the request: nothing says which company objects it is about.",
     "hint": "Give them at $.input.companies.*."}]'::jsonb,
  'an enrichment of nothing');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

-- Webhooks nothing can be sent to: the whole errors value of each.
select plan(11);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "ftp://client.example/hook"}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "ftp://client.example/hook",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: another scheme');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "https:///hook"}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "https:///hook",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: no host');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "https://client.example/my hook"}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "https://client.example/my hook",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: a blank');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "https://me:secret@client.example/"}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "https://me:secret@client.example/",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: a password');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": ""}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: an empty text');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"url": "https://client.example:70000/"}}}}}'),
  '[{"code": "invalid_url", "path": "$.data.enrich.destination.webhook.url",
     "found": "https://client.example:70000/",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'invalid_url: a port that does not exist');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"endpoint": "00000000-0000-4000-8000-0000000020ff"}}}}}'),
  '[{"code": "unknown_endpoint", "path": "$.data.enrich.destination.webhook.endpoint",
     "found": "00000000-0000-4000-8000-0000000020ff",
     "message": "There is no endpoint 00000000-0000-4000-8000-0000000020ff.",
     "hint": "Give the id of a webhook_endpoint of your organisation."}]'::jsonb,
  'unknown_endpoint: it does not exist');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"endpoint": "00000000-0000-4000-8000-000000002003"}}}}}'),
  '[{"code": "unknown_endpoint", "path": "$.data.enrich.destination.webhook.endpoint",
     "found": "00000000-0000-4000-8000-000000002003",
     "message": "There is no endpoint 00000000-0000-4000-8000-000000002003.",
     "hint": "Give the id of a webhook_endpoint of your organisation."}]'::jsonb,
  'unknown_endpoint: another organisation''s reads exactly the same');

update webhook_endpoint set deleted_at = now() where id = '00000000-0000-4000-8000-000000002002';
select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001", "destination": {"webhook": {"endpoint": "00000000-0000-4000-8000-000000002002"}}}}}'),
  '[{"code": "unknown_endpoint", "path": "$.data.enrich.destination.webhook.endpoint",
     "found": "00000000-0000-4000-8000-000000002002",
     "message": "The endpoint 00000000-0000-4000-8000-000000002002 was deleted.",
     "hint": "Give the id of a webhook_endpoint of your organisation."}]'::jsonb,
  'unknown_endpoint: it was deleted');

select is(
  test_setup.faults('{"data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}, "destination": {"webhook": {"url": "client.example"}}}'),
  '[{"code": "invalid_url", "path": "$.destination.webhook.url",
     "found": "client.example",
     "message": "The url of a webhook is an http or https address without user, password and spaces; this is none.",
     "hint": "Give an address such as \"https://client.example/hook\"."}]'::jsonb,
  'for the whole workflow');

select ok(
  (select pg_catalog.bool_and(w.state = 'invalid' and w.state_substate = w.errors -> 0 ->> 'code' and w.finished_at is not null)
   from public.workflow_request as w),
  'each is invalid, its substate is the class of the first fault, and it has ended');

select * from finish();

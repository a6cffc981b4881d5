-- An enrichment that takes nobody else's objects needs a place with input; an empty list is nothing to do.
select plan(7);
select test_setup.intake();

create function pg_temp.request(input text) returns jsonb language sql as $$
  select test_setup.faults(format('{%s "data": {"enrich": {"id": "00000000-0000-4000-8000-000000000001"}}}', input)::jsonb)
$$;

select is(pg_temp.request('"input": null,'),
  '[{"code": "missing_value", "path": "$.input", "found": null,
     "message": "The activity \"Enrich companies\" finds no input in the request: nothing says which company objects it is about.",
     "hint": "Give them at $.input.companies.*."}]'::jsonb,
  'no input');
select is(pg_temp.request('"input": {"company": [{"domain": "a.test"}]},'),
  '[{"code": "missing_value", "path": "$.input", "found": {"company": [{"domain": "a.test"}]},
     "message": "The activity \"Enrich companies\" finds no input in the request: nothing says which company objects it is about.",
     "hint": "Give them at $.input.companies.*."}]'::jsonb,
  'a misspelt place: what was found there is shown');
select is(pg_temp.request('"input": {"companies": []},'), null, 'an empty list is valid');
select is(pg_temp.request('"input": {"companies": [{}]},'), null, 'objects without a key are the activity''s to report');
select is(
  test_setup.faults('{"input": null, "data": {
    "find": {"id": "00000000-0000-4000-8000-000000000002",
      "destination": {"activity": {"id": "00000000-0000-4000-8000-000000000001"}}},
    "enrich": {"id": "00000000-0000-4000-8000-000000000001"}}}'), null,
  'who takes another activity''s objects needs none');
select is(
  test_setup.faults('{"input": null, "data": {"find": {"id": "00000000-0000-4000-8000-000000000002"}}}'), null,
  'nor does a search');

delete from public.object_source where direction = 'input';
select is(pg_temp.request('"input": {"companies": [{"domain": "a.test"}]},') -> 0 ->> 'hint',
  'No source says where they are: insert an object_source of direction input.',
  'without an input mapping the hint says what is missing');

select * from finish();

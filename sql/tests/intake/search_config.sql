-- What searches read in their config is checked when the request is taken in.
select plan(2);
select test_setup.intake();

select is(
  test_setup.faults('{"data": {"find": {"id": "00000000-0000-4000-8000-000000000002", "setup": {"config": {"max_candidates": 0, "only_new": "yes"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.find.setup.config.max_candidates", "found": 0,
     "message": "max_candidates is a whole number from 1 to 2147483647, but this is the number 0.", "hint": "Write another value, or leave it out."},
    {"code": "invalid_type", "path": "$.data.find.setup.config.only_new", "found": "yes",
     "message": "only_new is true or false, but this is the text \"yes\".", "hint": "Write another value, or leave it out."}]'::jsonb,
  'a number and a boolean');
select is(
  test_setup.faults('{"data": {"find": {"id": "00000000-0000-4000-8000-000000000002", "setup": {"config": {"max_candidates": 5, "only_new": null}}}}}'),
  null, 'null counts as if it were not there');

select * from finish();

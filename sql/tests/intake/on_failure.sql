-- on_failure: where it may stand, and the whole error of one that is none of the three.
select plan(5);
select test_setup.intake();

select is(
  (select array_agg(on_failure order by activity_key) from test_setup.expanded('{"data": {
    "a": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"on_failure": "continue"}}},
    "b": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"on_failure": "skip"}}},
    "c": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"on_failure": null}}},
    "d": {"id": "00000000-0000-4000-8000-000000000001"}}}')),
  '{continue,skip,fail,fail}', 'as the request says, else fail');

update activity set config = '{"on_failure": "skip"}' where id = '00000000-0000-4000-8000-000000000003';
select is((select on_failure from test_setup.expanded('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000003"}}}')),
  'skip', 'or as the activity itself says');

select is(
  test_setup.faults('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"on_failure": "ignore"}}}}}'),
  '[{"code": "invalid_type", "path": "$.data.a.setup.config.on_failure", "found": "ignore",
     "message": "on_failure is \"fail\", \"continue\" or \"skip\", but this is the text \"ignore\".",
     "hint": "Write another value, or leave it out."}]'::jsonb, 'another word is a fault');
select is(
  test_setup.faults('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000001", "setup": {"config": {"on_failure": ["skip"]}}}}}') #>> '{0,message}',
  'on_failure is "fail", "continue" or "skip", but this is a list.', 'so is no text');
update activity set config = '{"on_failure": 1}' where id = '00000000-0000-4000-8000-000000000003';
select is(
  test_setup.faults('{"data": {"a": {"id": "00000000-0000-4000-8000-000000000003"}}}') #>> '{0,hint}',
  'It stands in the config of the activity itself: set it right there, or write another value here.', 'wherever it stands');

select * from finish();

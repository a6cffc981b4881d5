-- Where a mapping looks, and whether it is one member only.
select plan(11);
select is(utils.mapping_path('"a"'), '"a"', 'a string');
select is(utils.mapping_path('["a", 1]'), '["a", 1]', 'an array');
select is(utils.mapping_path('{"path": ["a"]}'), '["a"]', 'a member');
select is(utils.mapping_path('{"fields": {}}'), '[]', 'none: the node itself');
select is(utils.mapping_member(m::jsonb), e, 'member of ' || m)
from (values
  ('"a"', 'a'), ('["a"]', 'a'), ('{"path": "a"}', 'a'), ('["a", "b"]', null), ('"*"', null), ('[0]', null),
  ('{"path": "a", "transform": "trim"}', null)) as c (m, e);
select * from finish();

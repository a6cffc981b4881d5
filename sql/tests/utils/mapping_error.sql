-- What is no mapping is said in a sentence that names the member.
select plan(14);
select is(utils.mapping_error(m::jsonb), e, m)
from (values
  ('"a"', null), ('["a", "*"]', null), ('{"path": "a", "default": null, "transform": "trim|number"}', null),
  ('{"path": "a", "fields": {"name": "n", "size": {"path": ["s"], "transform": "integer"}}}', null),
  ('{"fields": {"name": "n"}}', null),
  ('3', 'a mapping is a path or an object, not number'),
  ('{}', 'path: a path is missing'),
  ('{"path": [null]}', 'path: path element 0 is null: an element is a member name, "*", "**" or a whole number'),
  ('{"path": "a", "pfad": "b"}', 'member "pfad" of a mapping is unknown: known are path, default, transform, fields'),
  ('{"path": "a", "transform": 1}', 'transform: a transform is a string, not number'),
  ('{"path": "a", "fields": []}', 'fields is an object of names and mappings, not array'),
  ('{"path": "a", "fields": {"b": {}}}', 'fields.b: path: a path is missing'),
  ('{"path": "a", "fields": {"b": {"path": "c", "fields": {}}}}', 'fields.b: a field has no fields of its own')
) as c (m, e);
select ok(utils.mapping_error('{"path": "a", "transform": "trim|shout"}') like 'transform: transform "shout" is unknown: known are %', 'an unknown transform');
select * from finish();

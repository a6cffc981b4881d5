-- One value of a mapping: match, transform, default; null is missing.
select plan(16);
select is(utils.jsonb_resolve_value(d::jsonb, m::jsonb), r::jsonb, format('%s in %s', m, d))
from (values
  ('{"a": 1}', '"a"', '1'),
  ('{"a": null}', '"a"', null),
  ('{"a": false}', '"a"', 'false'),
  ('{"a": ""}', '"a"', '""'),
  ('{}', '{"path": "a", "default": "x"}', '"x"'),
  ('{"a": null}', '{"path": "a", "default": [1]}', '[1]'),
  ('{}', '{"path": "a", "default": null}', null),
  ('{"a": "none"}', '{"path": "a", "transform": "number", "default": 0}', '0'),
  ('{"a": "none"}', '{"path": "a", "transform": "number"}', null),
  ('{"a": " X "}', '{"path": ["a"], "transform": "trim|lower"}', '"x"'),
  ('{"a": ["x", "y"]}', '"a"', '["x", "y"]'),
  ('{"a": ["x", null, "y"]}', '["a", "*"]', '["x", "y"]'),
  ('{"a": [null, "y"]}', '["a", "*"]', '"y"'),
  ('[{"a": "1"}, {"a": "z"}, {"a": "3"}]', '{"path": "a", "transform": "number"}', '[1, 3]'),
  ('{"a": 12345678901234567890.5}', '{"path": "a", "transform": "number"}', '12345678901234567890.5'),
  (null, '{"path": "a", "default": 2}', '2')
) as c (d, m, r);
select * from finish();

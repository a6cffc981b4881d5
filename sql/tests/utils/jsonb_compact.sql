-- Values as text.
select plan(6);
select is(utils.jsonb_compact(v::jsonb), t, v)
from (values ('"a b"', 'a b'), ('null', ''), ('1.50', '1.50'), ('false', 'false'),
  ('{"a": [1, {"b, c": ": , \" , "}], "d": {}}', '{"a":[1,{"b, c":": , \" , "}],"d":{}}'),
  ('["\\", ", "]', '["\\",", "]')) as c (v, t);
select * from finish();

-- The objects of a mapping.
select plan(9);

create function pg_temp.found(data jsonb, mapping jsonb) returns text language sql as
  $$select coalesce(string_agg(array_to_string(o.path, '.') || '=' || o.object::text, ' '), '') from utils.jsonb_resolve_object_names(data, mapping) as o$$;

select is(pg_temp.found('{"c": [{"n": 1}, {"n": 2}]}', '"c"'), 'c.0={"n": 1} c.1={"n": 2}', 'an array is opened');
select is(pg_temp.found('{"c": {"n": 1}}', '"c"'), 'c={"n": 1}', 'an object is one');
select is(pg_temp.found('{"c": [[{"n": 1}]]}', '"c"'), '', 'one level only');
select is(pg_temp.found('{"c": [1, null, "x", {}]}', '"c"'), 'c.3={}', 'what is no object is left out');
select is(pg_temp.found('{"c": [{"n": [{"m": 1}]}]}', '"**"'),
  '={"c": [{"n": [{"m": 1}]}]} c.0={"n": [{"m": 1}]} c.0.n.0={"m": 1}', 'none comes twice');
select is(
  pg_temp.found(
    '{"c": [{"n": " A ", "s": {"x": "5"}, "t": ["p", "q"]}, {"n": null, "t": []}]}',
    '{"path": "c", "fields": {"name": {"path": "n", "transform": "trim|lower"}, "size": {"path": ["s", "x"], "transform": "number"},
      "tags": ["t", "*"], "raw": "n", "kind": {"path": "k", "default": "company"}}}'),
  'c.0={"raw": " A ", "kind": "company", "name": "a", "size": 5, "tags": ["p", "q"]} c.1={"kind": "company"}',
  'fields are resolved, missing ones left out');
select is(
  (select o.raw from utils.jsonb_resolve_object_names('{"c": {"n": 1}}', '{"path": "c", "fields": {"x": "n"}}') as o),
  '{"n": 1}', 'raw is the object as it stood');
select is(pg_temp.found('{"n": 1}', '{"fields": {"x": "n"}}'), '={"x": 1}', 'without a path the node itself');
select is(pg_temp.found('{}', '"c"') || pg_temp.found(null, '"c"'), '', 'no objects');
select * from finish();

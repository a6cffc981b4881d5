-- What each element of a path selects, where, and in what order.
select plan(31);

create function pg_temp.found(data jsonb, path jsonb) returns text language sql as
  $$select coalesce(string_agg(array_to_string(r.path, '.') || '=' || r.value::text, ' '), '') from utils.jsonb_resolve(data, path) as r$$;

select is(pg_temp.found('{"a": 1}', '"a"'), 'a=1', 'a bare string is an array of one');
select is(pg_temp.found('{"a": 1}', '["a"]'), 'a=1', 'a member');
select is(pg_temp.found('{"a": 1}', '["b"]'), '', 'a missing member selects nothing');
select is(pg_temp.found('{"a": null}', '["a"]'), 'a=null', 'a JSON null is there');
select is(pg_temp.found('{"a": 1}', '[]'), '={"a": 1}', 'the empty path is the node itself');
select is(pg_temp.found('7', '[]'), '=7', 'also of a scalar');
select is(pg_temp.found(null, '[]'), '', 'nothing in SQL null');
select is(pg_temp.found('[{"a": 1}, {"b": 2}, {"a": 3}]', '["a"]'), '0.a=1 2.a=3', 'a member of each element of an array');
select is(pg_temp.found('[[{"a": 1}]]', '["a"]'), '', 'but one level down only');
select is(pg_temp.found('[3, {"a": {"b": 1}}]', '["a", "b"]'), '1.a.b=1', 'scalars have no members');
select is(pg_temp.found('{"bb": 1, "a": 2, "c": 3}', '["*"]'), 'a=2 c=3 bb=1', 'members in the order of jsonb');
select is(pg_temp.found('[5, [6]]', '["*"]'), '0=5 1=[6]', 'elements by index');
select is(pg_temp.found('5', '["*"]'), '', 'a scalar has neither');
select is(pg_temp.found('[5, 6, 7]', '[1]'), '1=6', 'an index');
select is(pg_temp.found('[5, 6, 7]', '[-1]'), '2=7', 'from the end: the location counts from the start');
select is(pg_temp.found('[5, 6, 7]', '[3]') || pg_temp.found('[5, 6, 7]', '[-4]'), '', 'beyond either end');
select is(pg_temp.found('{"0": 5, "-1": 6}', '[0]'), '', 'an index is no name');
select is(pg_temp.found('[{"0": 5}]', '["0"]'), '0.0=5', 'a name is no index');
select is(pg_temp.found('{"a": [1, {"b": {}}], "c": 2}', '["**"]'),
  '={"a": [1, {"b": {}}], "c": 2} a=[1, {"b": {}}] a.1={"b": {}} a.1.b={}', '** is the node and every object and array in it');
select is(pg_temp.found('5', '["**"]'), '=5', '** of a scalar is the scalar');
select is(pg_temp.found('{"k": [{"k": 1}], "a": {"k": 2}}', '["**", "k"]'),
  'a.k=2 k=[{"k": 1}] k.0.k=1', '** and a name: each location once, in document order');
select is(pg_temp.found('[[1], [2]]', '["**", "**", "*"]'), '0=[1] 0.0=1 1=[2] 1.0=2', '** twice is ** once');
select is(pg_temp.found('[[1], [2]]', '["**", "*", "**"]'), '0=[1] 0.0=1 1=[2] 1.0=2', 'every way to a location counts once');
select is(pg_temp.found('[[1, 2], [3]]', '["**", 0]'), '0=[1, 2] 0.0=1 1.0=3', '** and an index');
select is(pg_temp.found('{"a": 1, "a": 2}', '["a"]'), 'a=2', 'of duplicate names jsonb keeps the last');
select is(pg_temp.found('{"": {"": 1}}', '["", ""]'), '.=1', 'an empty name is a name');
select is(
  pg_temp.found('{"𝒳": {"a.b": {"q\"x": {"b\\s": {"<<$a>>": "é"}}}}}', '["𝒳", "a.b", "q\"x", "b\\s", "<<$a>>"]'),
  '𝒳.a.b.q"x.b\s.<<$a>>="é"', 'names of any characters');
select is(
  pg_temp.found('{"n": 123456789012345678901234567890.000000000000000000001}', '"n"'),
  'n=123456789012345678901234567890.000000000000000000001', 'a number beyond float64 stays exact');
select is(pg_temp.found('{"n": 1e400}', '"n"'), 'n=1' || repeat('0', 400), 'and beyond its range');
select is(
  (select r.path from utils.jsonb_resolve('{"a,b": [{"c d": 1}]}', '["a,b", 0, "c d"]') as r), '{"a,b",0,"c d"}'::text[],
  'the location is an array of names and indexes');
select function_returns('utils', 'jsonb_resolve', array['jsonb', 'jsonb'], 'setof record');
select * from finish();

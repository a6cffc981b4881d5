-- The value of a mapping in each of many documents.
select plan(7);

create function pg_temp.found(documents jsonb[], mapping jsonb) returns text language sql as
  $$select string_agg(coalesce(v::text, '-'), ' ' order by n) from unnest(utils.jsonb_resolve_value_each(documents, mapping)) with ordinality as e (v, n)$$;

select is(pg_temp.found(array['{"a": 1}', '{"a": null}', '{}', null, '{"a": [2]}']::jsonb[], '"a"'), '1 - - - [2]', 'one for each document');
select is(pg_temp.found(array['{"a": [{"b": 1}, {"b": 2}]}', '{"a": {"b": 3}}']::jsonb[], '["a", "b"]'), '[1, 2] 3', 'through a list or not');
select is(pg_temp.found(array['{"a": [1, 2]}', '{"a": 3}']::jsonb[], '["a", -1]'), '2 -', 'by an index');
select is(pg_temp.found(array['{"b": {"a": 1}}', '{"a": 2}']::jsonb[], '["**", "a"]'), '1 2', 'at any depth');
select is(
  pg_temp.found(array['"1,000"', '"12.50"', '7', '"x"', '["1", "2"]']::jsonb[], '{"transform": "number", "default": 0}'),
  '1000 12.50 7 0 [1, 2]', 'transformed, or the default');
select is(
  pg_temp.found(array['"2024-02-29"', '"2023-02-29"', '"2023-02-28"', '"0000-01-01"', '0']::jsonb[], '{"transform": "date"}'),
  '"2024-02-29" - "2023-02-28" - "1970-01-01"', 'a date is one of the calendar');
select is(utils.jsonb_resolve_value_each('{}', '"a"'), '{}', 'no documents, no values');
select * from finish();

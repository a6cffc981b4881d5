-- How large data is read: one shape when one is enough, several when they are complete, else node by node.
select plan(14);

create temporary table shape_data as
select jsonb_build_object('padding', repeat('x', 20000), 'list', jsonb_agg(
  case when n = 700 then '[{"a": 1}]' when n % 2 = 0 then '{"a": {"b": 1}}' else '{"a": [{"b": 2}, {"c": 3}]}' end::jsonb order by n)) as mixed,
  jsonb_build_object('list', jsonb_agg(jsonb_build_object('a', jsonb_build_object('b', n), 'people', '[{"e": 1}, {}]'::jsonb) order by n)) as even
from generate_series(1, 1000) as n;

select is(utils.jsonb_plain_shape(even, '["list", "a", "b"]'), array['.list', '[]', '.a', '.b'], 'objects in a list') from shape_data;
select is(utils.jsonb_plain_shape(even, '["list", "*", "people", "e"]'), array['.list', '[]', '.people', '[]', '.e'], 'lists in a list') from shape_data;
select is(utils.jsonb_plain_shape(even, '["list", -1, "a"]'), array['.list', '#999', '.a'], 'an index from the end becomes one from the start') from shape_data;
select is(utils.jsonb_plain_shape(even, '["**", "b"]'), null, '** is never plain') from shape_data;
select is(utils.jsonb_plain_shape(mixed, '["list", "a", "b"]'), null, 'nor is what is now an object and now a list') from shape_data;
select is(jsonb_array_length(utils.jsonb_complete_shapes(mixed, '["list", "a", "b"]')), 2, 'two shapes') from shape_data;
select is(utils.jsonb_complete_shapes(mixed, '["list", "*", "a"]'), null, 'a shape that no sample shows makes them incomplete') from shape_data;
select is((select count(*) from utils.jsonb_resolve(mixed, '["list", "*", "a"]')), 1000::bigint, 'and the node is found all the same') from shape_data;
select is((select array_agg(r.path[2]::int) from utils.jsonb_resolve(mixed, '["list", "a", "b"]') as r),
  array(select n from generate_series(0, 999) as n where n <> 699), 'nodes of two shapes come in document order') from shape_data;
select is(utils.path_count(even, '["**", "b"]'), 1000, 'nodes are counted without being read') from shape_data;
select is(utils.path_count('[{"a": 1}]', '["a", 0]'), 1, 'rather one too many than one too few');
select is(
  (select count(*)
   from utils.jsonb_resolve(
     (select jsonb_build_object('padding', repeat('x', 20000), 'list',
       jsonb_agg(case when n = 700 then '{"a": [9]}' else '{"a": {"0": 1}}' end::jsonb)) from generate_series(1, 1000) as n),
     '["list", "a", "0"]')),
  999::bigint, 'a name of digits is no index, in no shape either');
-- One scalar too many and one list element too few make the counts agree by chance.
create temporary table chance_data as
select jsonb_build_object('padding', repeat('x', 20000)) || jsonb_object_agg(
  'm' || n, case when n = 100 then '[{}]' else '[]' end::jsonb) as data
from generate_series(0, 300) as n;
select is(utils.jsonb_complete_shapes(data, '["**"]'), null, 'a scalar among the nodes of a shape says nothing of **') from chance_data;
select is(
  (select count(*) || ' ' || count(*) filter (where r.path = '{m100,0}') || ' ' || count(*) filter (where r.path = '{padding}')
   from utils.jsonb_resolve(data, '["**"]') as r),
  '303 1 0', 'so all lists and objects are found, and nothing else') from chance_data;
select * from finish();

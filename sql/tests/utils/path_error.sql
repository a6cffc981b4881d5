-- What is no path is said in a sentence, by position, and raised as ETL02.
select plan(15);

select is(utils.path_error(p::jsonb), null, 'a path: ' || p)
from unnest(array['"a"', '[]', '["a", "*", "**", 0, -1]', '["", 2.0]', '[2147483647]']) as p;
select is(utils.path_error(null), 'a path is missing', 'a missing path');
select is(utils.path_error('null'), 'a path is a string or an array, not null', 'a JSON null');
select is(utils.path_error('{"path": "a"}'), 'a path is a string or an array, not object', 'an object');
select is(utils.path_error('3'), 'a path is a string or an array, not number', 'an index alone');
select is(
  utils.path_error('["a", null, {}]'),
  'path element 1 is null: an element is a member name, "*", "**" or a whole number',
  'the first bad element is named');
select ok(utils.path_error(p::jsonb) like 'path element 0 is %', 'bad element: ' || p)
from unnest(array['[1.5]', '[2147483648]', '[["a"]]', '[true]']) as p;
select throws_ok(
  $$select utils.jsonb_resolve('{}', '["a", 0.5]')$$,
  'ETL02',
  'path element 1 is 0.5: an element is a member name, "*", "**" or a whole number',
  'jsonb_resolve raises it');
select * from finish();

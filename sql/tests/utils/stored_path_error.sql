select plan(7);

select is(utils.stored_path_error(p.path), p.fault, p.path::text)
from (values
  ('["a", "**", "b"]'::jsonb, null),
  ('["**", "a", "**"]', null),
  ('["**", "**", "**"]', 'a path holds "**" at most twice, this one 3 times'),
  ('"**"', null),
  ('["a", true]', 'path element 1 is true: an element is a member name, "*", "**" or a whole number')
) as p (path, fault);
select is(utils.mapping_error('{"path": ["**", "a", "**", "a", "**"]}'), 'path: a path holds "**" at most twice, this one 3 times', 'of a mapping');
select is(utils.mapping_error('{"path": "a", "fields": {"x": ["**", "**", "**"]}}') like '%at most twice%', true, 'of a field');

select * from finish();

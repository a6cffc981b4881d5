-- Every transform, what it cannot do, and chains.
select plan(53);

select is(utils.apply_transform(v::jsonb, t), r::jsonb, format('%s of %s', t, v))
from (values
  ('trim', '"\t a b \n"', '"a b"'), ('trim', '5', '5'), ('trim', '{}', null), ('trim', 'null', null),
  ('lower', '"AB"', '"ab"'), ('upper', '"ab"', '"AB"'), ('upper', 'true', 'true'),
  ('number', '"1,234"', '1234'), ('number', '" 12 "', '12'), ('number', '"12%"', '0.12'), ('number', '"12.5 %"', '0.125'),
  ('number', '"-1.5e3"', '-1500'), ('number', '".5"', '0.5'), ('number', '7', '7'), ('number', '"12,34"', null),
  ('number', '"1 2"', null), ('number', '""', null), ('number', '"1e99999"', null), ('number', '"NaN"', null),
  ('number', 'true', null), ('number', '"12%%"', null),
  ('number', '"123456789012345678901234567890.1"', '123456789012345678901234567890.1'),
  ('integer', '"12.0"', '12'), ('integer', '12.7', null), ('integer', '"1,000"', '1000'), ('integer', '1e400', '1e400'),
  ('date', '"2024-02-29"', '"2024-02-29"'), ('date', '"2023-02-29"', null), ('date', '"1900-02-29"', null),
  ('date', '"2024-04-31"', null), ('date', '"2024-12-31T23:30:00-05:00"', '"2024-12-31"'),
  ('date', '"2024-12-31 23:30:00.123Z"', '"2024-12-31"'), ('date', '1700000000', '"2023-11-14"'),
  ('date', '1700000000000', '"2023-11-14"'), ('date', '-1', '"1969-12-31"'), ('date', '1e30', null),
  ('date', '"yesterday"', null), ('date', '"0000-01-01"', null),
  ('boolean', '"Yes"', 'true'), ('boolean', '" off "', 'false'), ('boolean', '1', 'true'), ('boolean', '2', null),
  ('text', '{"a": [1, ": ,"]}', '"{\"a\":[1,\": ,\"]}"'), ('string', '5.50', '"5.50"'), ('text', 'true', '"true"'),
  ('json', '"{\"a\": [1]}"', '{"a": [1]}'), ('json', '"{a: 1}"', null), ('json', '"null"', null), ('json', '{}', '{}'),
  ('nonsense', '5', null)
) as c (t, v, r);
select is(utils.apply_transform('" 1,200 "', 'trim | lower|number'), '1200', 'one after the other');
select is(utils.apply_transform('["A", "b", {}, 3]', 'lower'), '["a", "b", 3]', 'an array element by element, without what fails');
select is(utils.apply_transform('[[1]]', 'number'), null, 'nothing left is nothing');
select * from finish();

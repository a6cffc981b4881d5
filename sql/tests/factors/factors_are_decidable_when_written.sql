-- What could not be decided at work is refused when it is written, with the field, what was found and what to do.
select plan(171);

select test_setup.setup_enrichment_test_data();
insert into datapoint (id, object_type_id, name, value_type)
select test_setup.id('thing ' || t.value_type), test_setup.id('company'), 'a ' || t.value_type, t.value_type
from unnest('{text,number,boolean,date,timestamp,list,json}'::text[]) as t (value_type);

-- Writes a factor; says what came of it, without ids and without the hint.
create function pg_temp.written(
  datapoint_id uuid, operator operator_enum, value text, factor_type factor_type_enum default 'option', object_type text default 'company')
returns text language sql as $$
  select regexp_replace(regexp_replace(test_setup.outcome(format(
    'insert into public.factor (activity_id, factor_type, object_type_id, datapoint_id, operator, value) values (%L, %L, %L, %L, %L, %L)',
    test_setup.id('shared activity'), factor_type, test_setup.id(object_type), datapoint_id, operator, value)),
    ' [0-9a-f-]{36}', ''), ' \| .*$', '')
$$;
insert into activity (id, name, activity_type, object_type_id)
values (test_setup.id('shared activity'), 'Shared', 'sourcing', test_setup.id('company'));

-- Each operator with each type: the table of docs/factors.md.
create temp table allowed (value_type text, operators operator_enum[], value text);
insert into allowed values
  ('text', enum_range(null::operator_enum), '1 and 2'),
  ('number', '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}', '1'),
  ('date', '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}', '2020'),
  ('timestamp', '{equals,not_equals,greater_than,greater_equal,less_than,less_equal,in,not_in,between,is_null,is_not_null}', '2020'),
  ('boolean', '{equals,not_equals,is_null,is_not_null}', 'true'),
  ('list', '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}', 'a'),
  ('json', '{equals,not_equals,contains,not_contains,in,not_in,is_null,is_not_null}', '{"a": 1}');
select is(
  pg_temp.written(test_setup.id('thing ' || a.value_type), o.operator,
    case when o.operator = 'between' and a.value_type <> 'text' then a.value || ',' || a.value else a.value end),
  case when o.operator = any (a.operators) then 'ok'
    else format('ETL07 factor: operator: %s makes no sense for a %s, which is %s: use one of %s', o.operator, a.value_type,
      a.value_type, array_to_string(a.operators, ', ')) end,
  format('%s of %s', o.operator, a.value_type))
from allowed as a
cross join unnest(enum_range(null::operator_enum)) as o (operator);

select is(pg_temp.written(test_setup.id('thing ' || c.value_type), c.operator, c.value, c.factor_type, c.object_type), c.outcome,
  concat_ws(' ', c.value_type, c.operator, left(c.value, 20)))
from (
  values
    ('number', 'greater_than'::operator_enum, 'abc', 'volume'::factor_type_enum, 'company', 'ETL07 factor: value: "abc" is not a number (a number, number)'),
    ('number', 'in', '1, b, 2', 'volume', 'company', 'ETL07 factor: value: "b" is not a number (a number, number)'),
    ('number', 'between', '5', 'volume', 'company', 'ETL07 factor: value: "5" is not two bounds: write "a and b" (a number, number)'),
    ('number', 'equals', null, 'volume', 'company', 'ETL07 factor: value: a value is missing (a number, number)'),
    ('text', 'contains', '', 'option', 'company', 'ETL07 factor: value: a value is missing (a text, text)'),
    ('list', 'in', ' , ', 'option', 'company', 'ETL07 factor: value: a value is missing (a list, list)'),
    ('boolean', 'equals', 'perhaps', 'boolean', 'company', 'ETL07 factor: value: "perhaps" is not true or false (a boolean, boolean)'),
    ('boolean', 'equals', null, 'boolean', 'company', 'ok'),
    ('date', 'less_than', 'yesterday', 'time', 'company',
      'ETL07 factor: value: "yesterday" is not a date such as 2026-01-31, 2026-01 or 2026 (a date, date)'),
    ('timestamp', 'less_than', '2026-01-31T25:00', 'time', 'company',
      'ETL07 factor: value: "2026-01-31T25:00" is not a date or time such as 2026-01-31 or 2026-01-31T10:00Z (a timestamp, timestamp)'),
    ('text', 'greater_than', 'many', 'volume', 'company', 'ETL07 factor: value: "many" is not a number (a text, number)'),
    ('text', 'greater_than', 'weekly', 'frequency', 'company', 'ok'),
    ('text', 'greater_than', 'seldom', 'frequency', 'company', 'ETL07 factor: value: "seldom" is not a frequency such as weekly (a text, frequency)'),
    ('text', 'less_than', '2020', 'time', 'company', 'ok'),
    ('text', 'less_than', 'soon', 'time', 'company',
      'ETL07 factor: value: "soon" is not a date or time such as 2026-01-31 or 2026-01-31T10:00Z (a text, timestamp)'),
    ('text', 'less_than', 'Berlin', 'place', 'company',
      'ETL07 factor: operator: less_than makes no sense for a text, which is the place of a factor: use one of equals, not_equals, contains, not_contains, starts_with, ends_with, in, not_in, is_null, is_not_null, like, ilike, regex, not_regex'),
    ('text', 'greater_than', '0.8', 'similarity', 'company', 'ok'),
    ('text', 'greater_than', 'true', 'boolean', 'company',
      'ETL07 factor: operator: greater_than makes no sense for a text, which is the boolean of a factor: use one of equals, not_equals, is_null, is_not_null'),
    ('text', 'is_null', 'whatever', 'option', 'company', 'ok'),
    ('text', 'like', 'abc\', 'option', 'company', 'ETL07 factor: value: a pattern cannot end with a single backslash (a text, text)'),
    ('text', 'like', 'abc\\', 'option', 'company', 'ok'),
    ('text', 'regex', '(', 'option', 'company', 'ETL07 factor: value: invalid regular expression: parentheses () not balanced (a text, text)'),
    ('text', 'regex', repeat('a', 201), 'option', 'company', 'ETL07 factor: value: a pattern has at most 200 characters, this one has 201 (a text, text)'),
    ('text', 'regex', '(a)\1', 'option', 'company',
      'ETL07 factor: value: back-references such as \1 are not allowed, because they can take hours (a text, text)'),
    ('text', 'not_regex', '(?=a)', 'option', 'company',
      'ETL07 factor: value: look-around such as (?=…) is not allowed, because it can take hours (a text, text)'),
    ('text', 'regex', '(?<!a)b', 'option', 'company',
      'ETL07 factor: value: look-around such as (?=…) is not allowed, because it can take hours (a text, text)'),
    ('text', 'regex', '((a{9}){9}){9}', 'option', 'company', 'ETL07 factor: value: the counts in braces multiply to more than 256 (a text, text)'),
    ('text', 'regex', '(a{1,16}){1,16}', 'option', 'company', 'ok'),
    ('text', 'regex', '\\1[?=]', 'option', 'company', 'ok'),
    ('text', 'equals', 'x', 'option', 'person',
      'ETL07 factor: datapoint_id: a text is no datapoint of the factor''s object type: name one of that type, or change object_type_id')
) as c (value_type, operator, value, factor_type, object_type, outcome);

select is(pg_temp.written(null, 'greater_than', null, 'place'), 'ok', 'a factor without datapoint speaks of nothing measurable, so it cannot be wrong');
select is(
  regexp_replace(test_setup.outcome(
    'update public.factor set operator = ''like'' where datapoint_id = test_setup.id(''thing number'') and operator = ''greater_than'''), ' [0-9a-f-]{36}', ''),
  'ETL07 factor: operator: like makes no sense for a number, which is number: use one of equals, not_equals, greater_than, greater_equal, less_than, less_equal, in, not_in, between, is_null, is_not_null | Correct this field; nothing of the statement was written.',
  'an update is checked too');

-- The other side: the datapoint of a factor that exists.
delete from factor where datapoint_id = test_setup.id('thing number') and operator <> 'less_than';
select is(
  replace(regexp_replace(test_setup.outcome('update public.datapoint set value_type = ''boolean'' where name = ''a number'''), '(datapoint|factor) [0-9a-f-]{36}', '\1', 'g'), E'\n', ''),
  'ETL07 datapoint: value_type: with boolean the factor (What is the company''s a number?) loses its sense: operator: less_than makes no sense for a number, which is boolean: use one of equals, not_equals, is_null, is_not_null | Change or delete that factor first; nothing of the statement was written.',
  'a datapoint keeps the type its factors need');
select is(
  regexp_replace(test_setup.outcome('update public.datapoint set object_type_id = test_setup.id(''person'') where name = ''a number'''), '(datapoint|factor|with) [0-9a-f-]{36}', '\1', 'g'),
  'ETL07 datapoint: object_type_id: with the factor (What is the company''s a number?) loses its sense: datapoint_id: a number is no datapoint of the factor''s object type: name one of that type, or change object_type_id | Change or delete that factor first; nothing of the statement was written.',
  'and the object type');
select is(test_setup.outcome('update public.datapoint set value_type = ''text'', description = ''x'' where name = ''a number'''), 'ok', 'a type that does passes');
select is(test_setup.outcome('update public.datapoint set value_type = ''boolean'' where name = ''employees'''), 'ok', 'as does any without factors');
select is(test_setup.outcome('update public.datapoint set description = ''described'''), 'ok', 'and what concerns no factor');
select is((select count(*)::int from factor where operator = 'equals' and value = '(a)\1'), 0, 'nothing of what was refused is there');

select * from finish();

-- A value is made the type's, or kept as text with a warning; what changed is handed back.
select plan(82);
create temp table coerced as
select t.*, c.*
from (values
  ('"1,234"', 'number', '1234', true), ('"12%"', 'number', '0.12', true), ('5', 'number', '5', true), ('"非公開"', 'number', '"非公開"', false),
  ('true', 'number', '"true"', false), ('[1]', 'number', '"[1]"', false), ('{"a": 1}', 'number', '"{\"a\":1}"', false), ('""', 'number', 'null', true),
  ('" "', 'number', 'null', true), ('null', 'number', 'null', true),
  ('"2024年3月5日"', 'date', '"2024-03-05"', true), ('1998', 'date', '"1998-01-01"', true), ('20240305', 'date', '"2024-03-05"', true),
  ('1700000000', 'date', '"1700000000"', false), ('"03/04/2024"', 'date', '"03/04/2024"', false), ('true', 'date', '"true"', false),
  ('"soon"', 'date', '"soon"', false), ('-1', 'date', '"-1"', false), ('1e30', 'date', '"1000000000000000000000000000000"', false),
  ('"yes"', 'boolean', 'true', true), ('0', 'boolean', 'false', true), ('2', 'boolean', '"2"', false), ('false', 'boolean', 'false', true),
  ('" ａ@b.co "', 'email', '"a@b.co"', true), ('"a@"', 'email', '"a@"', false), ('5', 'email', '"5"', false),
  ('"example.com"', 'url', '"example.com"', true), ('"no url"', 'url', '"no url"', false), ('{}', 'url', '"{}"', false),
  ('"+81 3-1234-5678"', 'phone', '"+81 3-1234-5678"', true), ('8131234567', 'phone', '"8131234567"', true), ('"12"', 'phone', '"12"', false),
  ('5', 'text', '"5"', true), ('" a "', 'text', '" a "', true), ('""', 'text', '""', true), ('[1, 2]', 'textarea', '"[1,2]"', true),
  ('"anything"', 'select', '"anything"', true), ('5', 'select', '"5"', true), ('["a"]', 'select', '"[\"a\"]"', false),
  ('["a", 1, null, " "]', 'multiselect', '["a", "1"]', true), ('"a; b|c"', 'multiselect', '["a", "b", "c"]', true),
  ('"[\"x\", 1]"', 'multiselect', '["x", "1"]', true), ('"[x"', 'multiselect', '["[x"]', true), ('7', 'multiselect', '["7"]', true),
  ('[[1]]', 'multiselect', '["[1]"]', false), ('{"a": 1}', 'multiselect', '["{\"a\":1}"]', false), ('[]', 'multiselect', '[]', true)
) as t (value, type, expected, good)
cross join lateral utils.coerce_value(t.value::jsonb, t.type) as c;
select is(coerced, expected::jsonb, type || ' of ' || value) from coerced;
select is_empty('select * from coerced where fits <> good', 'fits says whether it is of the type');
select is_empty('select * from coerced where not fits and warning is null', 'what does not fit has a warning');
select is_empty('select * from coerced where not fits and jsonb_typeof(coerced) <> case type when ''multiselect'' then ''array'' else ''string'' end', 'what does not fit is text');
select is_empty('select * from coerced where value::jsonb <> coerced and original is distinct from value::jsonb', 'what changed is handed back');
select is_empty('select * from coerced where value::jsonb = coerced and original is not null', 'what did not is not');
select is((utils.coerce_value(t.value::jsonb, t.type)).warning, t.warning, 'warning: ' || t.value)
from (values
  ('"非公開"', 'number', '非公開 is no number; kept as text'), ('"03/04/2024"', 'date', '03/04/2024 could be two days, and nothing says which; kept as text'),
  ('1998', 'date', '1998 names only a year; its first day stands for it'), ('"2024年3月"', 'date', '2024年3月 names only a month; its first day stands for it'),
  ('"5-Mar-24"', 'date', '5-Mar-24 has a year of two digits; 2024 is supposed'), ('"x"', 'email', 'x is no e-mail address; kept as text'),
  ('"1,234"', 'number', null), ('null', 'date', null)
) as t (value, type, warning);
select is((utils.coerce_value(t.value::jsonb, t.type, t.format::jsonb, t.options::jsonb)).coerced, t.expected::jsonb, t.type || ' of ' || t.value || ' as ' || concat(t.format, t.options))
from (values
  ('"03/04/2024"', 'date', '{"order": "dmy"}', null, '"2024-04-03"'), ('"03/04/2024"', 'date', '{"order": "mdy"}', null, '"2024-03-04"'),
  ('"03/04/2024"', 'date', '{"order": 7}', null, '"03/04/2024"'), ('1700000000', 'date', '{"epoch": "s"}', null, '"2023-11-14T22:13:20Z"'),
  ('1700000000123', 'date', '{"epoch": "ms"}', null, '"2023-11-14T22:13:20.123Z"'), ('"1.234"', 'number', '{"decimal": ","}', null, '1234'),
  ('{"a": 1}', 'text', '{"json": true}', null, '{"a": 1}'), ('" NEW "', 'select', null, '["New", "Old"]', '"New"'),
  ('"other"', 'select', null, '["New", "Old"]', '"other"'), ('"a,b; c"', 'multiselect', '{"separator": ","}', null, '["a", "b; c"]'),
  ('"a^]b]c"', 'multiselect', '{"separator": "^]"}', null, '["a", "b]c"]'), ('"NEW;x"', 'multiselect', null, '["New"]', '["New", "x"]'),
  ('"a;b"', 'multiselect', null, '["a;b"]', '["a;b"]'), ('"x"', 'select', '[]', '{}', '"x"')
) as t (value, type, format, options, expected);
select is((utils.coerce_value('"other"', 'select', null, '["New"]')).fits, false, 'no option');
select is((utils.coerce_value('"other"', 'select', null, '["New"]')).warning, '''other'' is none of the options', 'named');
select is((utils.coerce_value('"NEW;x"', 'multiselect', null, '["New"]')).warning, '''x'' is none of the options', 'one of several');
select is((utils.coerce_value('1998', 'date', '{"precision": "year"}')).warning, null, 'a column of years needs no warning of each');
select is((utils.coerce_value(null, 'date')).coerced, 'null', 'no value is null');
select throws_ok($$select utils.coerce_value('1', 'integer')$$, 'ETL04',
  'there is no column type ''integer''; a type is text, number, date, email, phone, select, multiselect, textarea, url or boolean', 'an unknown type');
select throws_ok($$select utils.coerce_value('1', null)$$, 'ETL04', null, 'no type');
select is((utils.coerce_value(to_jsonb(repeat('9', 100000)), 'number')).fits, false, 'a text of any length');
select * from finish();

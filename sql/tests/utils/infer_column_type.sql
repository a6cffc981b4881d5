-- One field: its values decide, its name tips the balance.
select plan(69);
create function pg_temp.inferred(name text, sample jsonb) returns text
language sql
as $$ select i.type from utils.infer_column_type(name, sample) as i $$;
select is(pg_temp.inferred(t.name, t.sample::jsonb), t.type, t.name || ' ' || t.sample)
from (values
  ('company_name', '["株式会社BASE", "STORES株式会社"]', 'text'), ('employees', '[150, 200, "非公開"]', 'number'),
  ('revenue', '["非公開", "非公開", "1億円"]', 'number'), ('revenue', '["非公開"]', 'number'), ('x', '["１２３", "４５"]', 'number'),
  ('x', '["1,234", "5,678"]', 'number'), ('x', '["12%", "3.5%"]', 'number'), ('x', '["€5m", "€12m"]', 'number'),
  ('x', '["150名", "20名"]', 'number'), ('x', '["00501", "94107"]', 'text'), ('zip_code', '[94107, 94110]', 'text'), ('id', '[1, 2]', 'number'),
  ('x', '["2024-03-05", "2024-03-06T10:00:00Z"]', 'date'), ('x', '["2024年3月5日"]', 'date'), ('x', '["令和6年3月5日"]', 'date'),
  ('x', '["03/04/2024", "13/04/2024"]', 'date'), ('x', '["Jan 1 2000"]', 'date'), ('year', '[1931, 1932]', 'number'),
  ('founded', '[1998, 2001]', 'date'), ('created_at', '[1700000000, 1700000001]', 'date'), ('amount', '[1700000000, 1700000001]', 'number'),
  ('x', '["+81 3-1234-5678"]', 'phone'), ('x', '["03-1234-5678", "090-1234-5678"]', 'phone'), ('phone', '[8131234567]', 'phone'),
  ('phone', '["555 1234", "call us"]', 'phone'), ('x', '["555-1234"]', 'text'), ('tel', '["+81312345678"]', 'phone'), ('hotel', '["Ritz"]', 'text'),
  ('x', '["a@b.co", "c@d.co"]', 'email'), ('contact_email', '[]', 'email'), ('contact_email', '["a@b.co", "ask"]', 'email'),
  ('contact_email', '[true, false]', 'boolean'), ('x', '["https://a.b", "http://c.d"]', 'url'), ('website', '["a.co", "b.co"]', 'url'),
  ('x', '[true, false]', 'boolean'), ('x', '["yes", "no"]', 'boolean'), ('x', '["はい", "いいえ"]', 'boolean'), ('is_new', '[0, 1]', 'boolean'),
  ('x', '[0, 1]', 'number'), ('x', '[["a", "b"], ["a"]]', 'multiselect'), ('x', '["a;b", "b;c", "a;c", "a", "b", "c", "a;b"]', 'multiselect'),
  ('x', '["Smith, John", "Doe, Jane", "Roe, Richard"]', 'text'), ('x', '["New", "Old", "New", "New", "Old"]', 'select'),
  ('name', '["New", "Old", "New", "New", "Old"]', 'text'), ('x', '[{"a": 1}]', 'text'), ('x', '[[{"a": 1}]]', 'text'),
  ('description', '["A text that is long enough to want more than one line of room, with some words"]', 'textarea'),
  ('x', '["one\ntwo"]', 'textarea'), ('x', '[null, "", " "]', 'text'), ('x', '"5"', 'number'), ('x', 'null', 'text'), ('x', '{"a": 1}', 'text')
) as t (name, sample, type);
select is(pg_temp.inferred(null, null), 'text', 'neither name nor values');
select is((utils.infer_column_type('x', '[1, null, "", "a", 3, 4, 5]')).fits, 0.8, 'the share of the values that fit');
select is((utils.infer_column_type('x', '[1, null, "", 4]')).nulls, 0.5, 'a blank is a null');
select is((utils.infer_column_type('x', '[1, 2]')).required, true, 'required when no value is null');
select is((utils.infer_column_type('x', '[1, null]')).required, false, 'not required when one is');
select is((utils.infer_column_type('x', '[]')).fits, null, 'no share of nothing');
select is((utils.infer_column_type('x', '["b", "a", "b", "b", "a"]')).options, '["b", "a"]', 'options, most frequent first');
select is((utils.infer_column_type('x', '[["b"], ["a", "b"]]')).options, '["b", "a"]', 'options of lists');
select is((utils.infer_column_type('x', '["a;b", "b;c", "a;c", "a", "b", "c", "a;b"]')).options, '["a", "b", "c"]', 'options of texts with several');
select is((utils.infer_column_type('x', '["a;b", "b;c", "a;c", "a", "b", "c", "a;b"]')).format, '{"separator": ";"}', 'and what parts them');
select is((utils.infer_column_type('revenue', '["10", "非公開", "20"]')).misfits, '["非公開"]', 'what does not fit');
select is((utils.infer_column_type('revenue', '["10", "非公開", "20"]')).examples, '["10", "20"]', 'examples fit');
select is((utils.infer_column_type('x', '["03/04/2024", "13/04/2024"]')).format, '{"order": "dmy"}', 'one value says the order for all');
select is((utils.infer_column_type('x', '["03/04/2024"]')).format, '{"order": "mdy", "assumed": true}', 'an order that no value told is marked as assumed');
select is((utils.infer_column_type('x', '["1.234", "1.234,5"]')).format, '{"decimal": ","}', 'one value says the decimal sign for all');
select is((utils.infer_column_type('created_at', '[1700000000]')).format, '{"epoch": "s"}', 'seconds since 1970');
select is((utils.infer_column_type('founded', '[1998]')).format, '{"precision": "year"}', 'years alone');
select * from finish();

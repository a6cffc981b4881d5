-- Rows at once: as each value alone.
select plan(18);
create temp table landed as
select *
from utils.coerce_values(
  '[{"n": "1,234", "d": "2024-03-05", "x": "kept"}, 7, {"n": "非公開", "d": "03/04/2024"}, {"n": "12.50", "d": null}, {"n": 5, "d": ""}, {"n": "12%"}]',
  '[{"name": "n", "type": "number"}, {"name": "d", "type": "date"}, {"name": "other", "type": "text"}]');
select is((select array_agg(n) from landed), array[1, 2, 3, 4, 5, 6]::bigint[], 'every row, in its place');
select is((select data from landed where n = 1), '{"n": 1234, "d": "2024-03-05", "x": "kept"}', 'fields that are no columns stay');
select is((select originals from landed where n = 1), '{"n": "1,234"}', 'what changed, as it was');
select is((select data from landed where n = 2), '7', 'what is no object stays');
select is((select data from landed where n = 3), '{"n": "非公開", "d": "03/04/2024"}', 'what does not fit stays as text');
select is((select warnings from landed where n = 3),
  '[{"field": "d", "type": "date", "fits": false, "warning": "03/04/2024 could be two days, and nothing says which; kept as text"},
    {"field": "n", "type": "number", "fits": false, "warning": "非公開 is no number; kept as text"}]', 'with a warning each');
select is((select data -> 'n' from landed where n = 4), '12.50', 'a plain number in a text');
select is((select originals from landed where n in (4, 5) and originals is not null), null, 'the very characters need no original, nor does a blank');
select is((select data -> 'd' from landed where n = 5), 'null', 'a blank is null');
select is((select originals -> 'n' from landed where n = 6), '"12%"', 'twelve per cent is 0.12, and was "12%"');
select is_empty(format('select * from utils.coerce_values(%L, %L)', rows, '[]'), 'no rows: ' || coalesce(rows, 'null'))
from unnest(array['[]', '{}', null]) as t (rows);
select is((select data from utils.coerce_values('[{"a": "1"}]', null)), '{"a": "1"}', 'no columns, no change');
-- Each of these is nearly what is told by its looks without asking for the value alone.
select is_empty($$
  with tricky as (
    select jsonb_build_object('v', t.value) as record, row_number() over () as n, t.value
    from unnest(array['1,234', '1,23', '1,2345', '12,345.', '0,123', '007', '-0', '1.', '.5', '-1.5', '+1', '1e5', '1.234', '99999999999999999999999999999999',
      '2024-02-29', '2024-02-30', '2024-02-31', '2024-01-31', '2024-04-31', '2024-04-30', '2023-12-29', '2024-11-31T10:00:00Z', '2023-02-29', '0000-01-01', '0999-01-01', '2024-13-01', '2024-3-5', '2024-03-05T10:00:00Z', '2024-03-05 10:00:00',
      '2024-03-05T10:00:00+00:00', '2024-03-05T10:00:00+16:00', '2024-03-05T24:00:00Z', '2024-03-05T10:00', '20240305', 'a@b.co', 'a@b', 'a@b.c1', 'a@b..co', 'a@b-.co', '@b.co',
      'a b@c.de', repeat('a', 70) || '@b.co', repeat('a', 50) || '@b.co', 'https://a.b', 'http://', 'https://', 'http://x', 'https://a b', 'https://日本.jp', 'https://a.b/' || repeat('c', 200),
      '+81 3-1234-5678', '03-1234-5678', '01-2-2024', '01-234-2024', '0123-1234-5678', '+1 1 123 1234', '+0 1 123 1234', '+81 3-1234-56789', ' x', 'x', '　', 'あ', E'x\ny', 'Yes', '1', '0', 'a;b', '[1]'
    ]) as s (content)
    cross join lateral (select to_jsonb(s.content)) as t (value)
  ), column_type as (
    select k.type, f.format
    from unnest(array['text', 'number', 'date', 'email', 'phone', 'select', 'multiselect', 'textarea', 'url', 'boolean']) as k (type)
    cross join (values (null::jsonb), ('{"decimal": ",", "order": "dmy"}')) as f (format)
  )
  select c.type, t.value, l.data, a.*
  from column_type as c
  cross join (select jsonb_agg(tricky.record order by tricky.n) as records from tricky) as w
  cross join lateral utils.coerce_values(w.records, jsonb_build_array(jsonb_build_object('name', 'v', 'type', c.type, 'format', c.format))) as l
  join tricky as t on t.n = l.n
  cross join lateral utils.coerce_value(t.value, c.type, c.format) as a
  where l.data -> 'v' <> a.coerced
    or l.warnings #>> '{0,warning}' is distinct from a.warning
$$, 'each type of each value alike at once and alone');
select throws_ok($$select utils.coerce_values('[]', '[{"name": "a", "type": "int"}]')$$, 'ETL04', null, 'an unknown type');
select throws_ok($$select utils.coerce_values('[]', '[{"type": "text"}]')$$, 'ETL04', null, 'a column without a name');
select throws_ok($$select utils.coerce_values('[]', '{"a": "text"}')$$, 'ETL04', null, 'columns that are no array');
select * from finish();

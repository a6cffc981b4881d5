-- Rows at once: as each value alone.
select plan(17);
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
select throws_ok($$select utils.coerce_values('[]', '[{"name": "a", "type": "int"}]')$$, 'ETL04', null, 'an unknown type');
select throws_ok($$select utils.coerce_values('[]', '[{"type": "text"}]')$$, 'ETL04', null, 'a column without a name');
select throws_ok($$select utils.coerce_values('[]', '{"a": "text"}')$$, 'ETL04', null, 'columns that are no array');
select * from finish();

-- Many fields at once: as each alone, whatever the order of rows and whatever lies among them.
select plan(13);
create temp table inferred as
select *
from utils.infer_schema('[{"a": 1, "b": "x@y.co"}, {"a": "2", "c": null}, 7, "text", null, [1], {"a": 3, "b": "z@y.co", "": "e"}]');
select is((select array_agg(name) from inferred), array['', 'a', 'b', 'c'], 'one row a field, by name');
select is((select type from inferred where name = 'a'), 'number', 'numbers and numbers in texts');
select is((select nulls from inferred where name = 'b'), round(1 / 3.0, 6), 'a row without the field is a null; what is no row is not counted');
select is((select required from inferred where name = 'a'), true, 'in each row');
select is((select seen from inferred where name = 'c'), 0::bigint, 'a field of nulls is a field');
select is_empty(format('select * from utils.infer_schema(%L)', rows), 'no fields: ' || coalesce(rows, 'null'))
from unnest(array['[]', '{}', '"a"', 'null', '[1, null, []]', null]) as t (rows);
-- Six thousand different texts, and among them one that a hundred rows have: what is drawn speaks for all.
create temp table many as
select i.*
from utils.infer_schema((
  select jsonb_agg(jsonb_build_object('v', case when n % 60 = 0 then '非公開' else n || '%' end))
  from generate_series(1, 6000) as n)) as i;
select is((select round(fits, 2) from many), 0.98, 'shares hold where not every text is looked at');
select is((select misfits from many), '["非公開"]', 'and what many rows have is always looked at');
select * from finish();

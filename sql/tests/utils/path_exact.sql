-- Which jsonpath stands for a path.
select plan(8);

select is(utils.path_exact(p::jsonb)::text, j, format('%s', p))
from (values
  ('"a"', '$."a"'),
  ('["a", "*", "**x", "q\"x", "\", \""]', '$."a".**{1}."**x"."q\"x"."\", \""'),
  ('[]', '$'),
  ('["a", "**"]', null),
  ('"**"', null),
  ('["a", 0]', null)
) as c (p, j);
select is(utils.path_exact((select jsonb_agg('a'::text) from generate_series(1, 1000)))::text, null, 'none for a path too long for jsonpath');
select throws_ok($$select utils.path_exact('[true]')$$, 'ETL02', null, 'a bad path is refused');
select * from finish();

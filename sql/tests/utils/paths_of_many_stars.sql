-- "**" several times over a deep document: as much work as the document has nodes, not a power of that. Before, these would
-- not have ended in a day.
select plan(4);
set statement_timeout = '60s';

create temp table deep as select (repeat('[{"path":', 200) || '1' || repeat('}]', 200))::jsonb as data;
select is((select count(*) from deep, utils.jsonb_resolve(data, '["**", "**"]')), 400::bigint, 'each node once');
select is((select count(*) from deep, utils.jsonb_resolve(data, '["**", "*", "**", "*", "**", "*", "**"]')), 398::bigint,
  'and without those at the top');
select is((select count(*) from deep, utils.jsonb_resolve(data, '["**", "**", "**", "**", "path"]')), 200::bigint, 'a name behind them');
select is((select array_agg(value order by n) from utils.jsonb_resolve('{"a": [1, {"b": [2]}], "c": {"b": 3}}', '["**", "*", "**", "b"]')
  with ordinality as r (value, path, n)), '{[2],3}'::jsonb[], 'in document order');

select * from finish();

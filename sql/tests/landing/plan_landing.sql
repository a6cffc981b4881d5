select plan(33);

create temporary table told as
select p.*
from etl_api.plan_landing('[{"company": "A", "staff": 12, "founded": "2001-02-03"}, {"company": "B", "staff": "1,234", "odd": null}]', null, 'evolve') as p;
select is((select jsonb_path_query_array(columns, '$[*].name') from told), '["company", "founded", "odd", "staff"]', 'every field of any row becomes a column');
select is((select jsonb_path_query_array(columns, '$[*] ? (@.name == "staff" || @.name == "founded").type') from told), '["date", "number"]', 'its type inferred');
select is((select jsonb_path_query_array(added, '$[*].name') from told), '["company", "founded", "odd", "staff"]', 'and told as added');
select is((select row(widened, unknown)::text from told), '([],{})', 'nothing else');
select is(
  (select row(p.added, p.widened, p.unknown, p.columns = told.columns)::text
   from told cross join lateral etl_api.plan_landing('[{"company": "C", "staff": 3}]', told.columns, 'evolve') as p),
  '([],[],{},t)', 'what is known is not new');
select is((select p.columns from etl_api.plan_landing('[]', '[{"name": "a", "type": "text"}]', 'freeze') as p), '[{"name": "a", "type": "text"}]', 'no rows change nothing');

-- contracts
select is((select row(p.added, p.unknown)::text from etl_api.plan_landing('[{"a": 1, "b": 2}, {"c": 3}]', '[{"name": "a", "type": "number"}]', c.contract) as p),
  '([],"{b,c}")', c.contract || ' adds nothing and names what is unknown')
from unnest('{freeze,discard}'::text[]) as c (contract);
select is(
  (select array_agg(row(l.n, l.data, l.fault)::text order by l.n)
   from etl_api.coerce_landing('[{"a": "7"}, {"a": 1, "b": 2}, 5]', '[{"name": "a", "type": "number"}]', 'freeze', '{b}') as l),
  array['(1,"{""a"": 7}",)', '(2,"{""a"": 1, ""b"": 2}","unknown b: the table takes no new fields")', '(3,5,"row 3 is number: it must be an object")'],
  'freeze refuses the rows that have one, and only these');
select is(
  (select array_agg(row(l.n, l.data, l.fault)::text order by l.n)
   from etl_api.coerce_landing('[{"a": "7"}, {"a": 1, "b": 2}, 5]', '[{"name": "a", "type": "number"}]', 'discard', '{b}') as l),
  array['(1,"{""a"": 7}",)', '(2,"{""a"": 1}",)', '(3,5,"row 3 is number: it must be an object")'],
  'discard drops the field');
select is(
  (select array_agg(row(l.data, l.originals, l.warnings #>> '{0,field}')::text order by l.n)
   from etl_api.coerce_landing('[{"a": "1,234", "b": 1}, {"a": "secret"}]', '[{"name": "a", "type": "number"}]', 'evolve') as l),
  array['("{""a"": 1234, ""b"": 1}","{""a"": ""1,234""}",)', '("{""a"": ""secret""}",,a)'],
  'values become what the columns want, and what they were is handed back');
select throws_ok($$select etl_api.plan_landing('[]', null, 'melt')$$, 'ETL04', 'there is no contract ''melt''; a contract is evolve, freeze or discard');
select throws_ok($$select etl_api.plan_landing('[]', null, null)$$, 'ETL04', 'there is no contract null; a contract is evolve, freeze or discard');
select throws_ok($$select etl_api.plan_landing('{}', null, 'evolve')$$, 'ETL04', 'rows is object: it must be an array of objects');
select throws_ok($$select etl_api.plan_landing('[]', '[{"name": "a", "type": "jelly"}]', 'evolve')$$, 'ETL04', null, 'a column of no type is refused');

-- widening
create temporary table columns as
select '[{"name": "n", "type": "number", "format": {"decimal": ","}}, {"name": "d", "type": "date"}, {"name": "t", "type": "text"}]'::jsonb as known;
create function pg_temp.widened(good int, bad int, contract text default 'evolve') returns jsonb
language sql
as $$
  select p.widened
  from columns
  cross join lateral etl_api.plan_landing(
    (select jsonb_agg(jsonb_build_object('n', case when i <= good then to_jsonb(i) else '"on request"' end, 't', i)) from generate_series(1, good + bad) as i),
    columns.known, contract) as p
$$;
select is(pg_temp.widened(5, 6), '[{"name": "n", "from": "number", "to": "text", "misfits": 6, "seen": 11}]', 'a column more than half of whose new values do not fit becomes text');
select is(pg_temp.widened(6, 6), '[]', 'half of them is not more than half');
select is(pg_temp.widened(0, 4), '[]', 'a handful says nothing');
select is(pg_temp.widened(5, 60, 'freeze'), '[]', 'freeze widens nothing');
select is(
  (select p.columns from columns cross join lateral etl_api.plan_landing(
    (select jsonb_agg('{"n": "on request"}'::jsonb) from generate_series(1, 9)), columns.known, 'evolve') as p) -> 0,
  '{"name": "n", "type": "text", "format": null, "options": null}', 'the column to land with is the wider one');
select is(
  (select p.widened from columns cross join lateral etl_api.plan_landing(
    (select jsonb_agg('{"n": null}'::jsonb) || '[{"n": "x"}, {"n": "x"}, {"n": "x"}, {"n": "x"}, {"n": "x"}]' from generate_series(1, 20)), columns.known, 'evolve') as p) #>> '{0,seen}',
  '5', 'what is null is no value');

-- samples
create temporary table many as
select jsonb_agg(jsonb_build_object('i', i) || case when i = 4999 then '{"rare": "2020-01-01"}'::jsonb else '{}' end
  || jsonb_build_object('grade', case when i = 2500 then 'platinum' else (array['gold', 'silver'])[1 + i % 2] end) order by i) as rows
from generate_series(1, 5000) as i;
select is((select jsonb_array_length(etl_api.spread_rows(rows)) from many), 1000, 'a sample has a thousand rows');
select cmp_ok((select max((s.value ->> 'i')::int) from many cross join lateral jsonb_array_elements(etl_api.spread_rows(rows)) as s (value)), '>', 4990, 'from the beginning to the end');
select is((select count(distinct s.value ->> 'i') from many cross join lateral jsonb_array_elements(etl_api.spread_rows(rows)) as s (value)), 1000::bigint, 'none of them twice');
select is((select jsonb_path_query(p.added, '$[*] ? (@.name == "rare").type') from many cross join lateral etl_api.plan_landing(rows, null, 'evolve') as p),
  '"date"', 'a field that one row in thousands has is found, and its type');
select is((select jsonb_path_query(p.added, '$[*] ? (@.name == "grade").options') from many cross join lateral etl_api.plan_landing(rows, null, 'evolve') as p),
  '["silver", "gold", "platinum"]', 'a choice has the options of all rows, not only of the sample');

-- options
select is(
  (select row(p.widened, p.columns #> '{0,options}')::text
   from etl_api.plan_landing('[{"s": "new"}, {"s": " Won "}, {"s": "lost"}, {"s": "lost"}]', jsonb_build_array(c.known), 'evolve') as p), c.told, c.test)
from (values
  ('{"name": "s", "type": "select", "options": ["won"], "open": true}'::jsonb,
   '("[{""to"": ""select"", ""from"": ""select"", ""name"": ""s"", ""options"": [""lost"", ""new""]}]","[""won"", ""lost"", ""new""]")', 'a choice that was inferred grows'),
  ('{"name": "s", "type": "select", "options": ["won"]}', '([],"[""won""]")', 'one that somebody wrote down does not')) as c (known, told, test);
select is(
  (select row(p.widened, p.columns #>> '{0,type}')::text
   from etl_api.plan_landing((select jsonb_agg(jsonb_build_object('s', 'o' || i)) from generate_series(1, 101) as i),
     '[{"name": "s", "type": "select", "options": ["a"], "open": true}]', 'evolve') as p),
  '("[{""to"": ""text"", ""from"": ""select"", ""name"": ""s"", ""misfits"": 101}]",text)', 'too many options are no choice');
select is(
  (select p.widened #> '{0,options}'
   from etl_api.plan_landing('[{"m": ["a", "b"]}, {"m": ["b", "c"]}]', '[{"name": "m", "type": "multiselect", "options": ["a"], "open": true}]', 'evolve') as p),
  '["b", "c"]', 'nor are lists left out');

-- what changed is written down, and stays
insert into public.org (id, name, slug) values (md5('org landing')::uuid, 'Landing', 'landing');
select etl_api.note_schema_changes(md5('org landing')::uuid, 'records', 't', '[{"name": "a", "type": "date", "fits": 1}]',
  '[{"name": "n", "from": "number", "to": "text", "misfits": 6}, {"name": "s", "from": "select", "to": "select", "options": ["b"]}]');
select is(
  (select array_agg(row(c.field, c.change, c.from_type, c.to_type, c.details)::text order by c.id) from etl_api.schema_change as c),
  array['(a,added,,date,"{""fits"": 1}")', '(n,widened,number,text,"{""misfits"": 6}")', '(s,options,select,select,"{""options"": [""b""]}")'],
  'changes are written down in order');
select is(
  (select string_agg(p.privilege, ',') from unnest('{update,delete,truncate}'::text[]) as p (privilege) where has_table_privilege('service_role', 'etl_api.schema_change', p.privilege)),
  null, 'and nobody alters them');
select is(etl_api.new_fields('[{"b": 1}, 5, {"a": 1}, null]', '{b}'), '{a}', 'what is no object has no fields');

select * from finish();

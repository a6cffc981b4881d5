-- The objects of a mapping in each of many documents.
select plan(6);

create function pg_temp.found(documents jsonb[], mapping jsonb) returns text language sql as
  $$select string_agg(o.document || ':' || array_to_string(o.path, '.') || '=' || o.object::text, ' ' order by n)
    from utils.jsonb_resolve_object_names_each(documents, mapping) with ordinality as o (document, object, path, raw, n)$$;

select is(
  pg_temp.found(array['{"c": {"n": 1}}', '{}', null, '{"c": [{"n": 2}, 3, {"n": 4}]}']::jsonb[], '"c"'),
  '1:c={"n": 1} 4:c.0={"n": 2} 4:c.2={"n": 4}', 'an object or a list of them, each with its document');
select is(
  pg_temp.found(array['{"r": [{"c": {"n": 1}}, {"c": [{"n": 2}]}]}']::jsonb[], '["r", "c"]'),
  '1:r.0.c={"n": 1} 1:r.1.c.0={"n": 2}', 'through a list');
select is(pg_temp.found(array['{"c": {"c": {}}}']::jsonb[], '["**", "c"]'), '1:c={"c": {}} 1:c.c={}', 'at any depth');
select is(
  pg_temp.found(array['{"c": {"n": "1", "t": [1, 2]}}', '{"c": {}}']::jsonb[],
    '{"path": "c", "fields": {"size": {"path": "n", "transform": "number"}, "tags": ["t", "*"]}}'),
  '1:c={"size": 1, "tags": [1, 2]} 2:c={}', 'with fields, missing ones left out');
select is(
  (select o.raw from utils.jsonb_resolve_object_names_each(array['{"c": {"n": 1}}'::jsonb], '{"path": "c", "fields": {}}') as o),
  '{"n": 1}', 'raw is the object as it stood');
select throws_ok($$select utils.jsonb_resolve_object_names_each('{}', '[1.5]')$$, 'ETL02', null, 'a bad path is refused, documents or none');
select * from finish();

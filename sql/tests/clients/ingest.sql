-- Rows whose shape nobody told: fields found out, versions kept, contracts kept to, bad rows alone.
select plan(37);

select test_setup.setup_base_data();
set etl.fake_now = '2026-05-01 10:00:00Z';
insert into public.clients (client_id, organization_id, company_name)
values ('123e4567-e89b-12d3-a456-426614174000', test_setup.id('org acme'), 'Shop'),
  ('123e4567-aaaa-4000-8000-000000000000', test_setup.id('org acme'), 'Namesake');
create function pg_temp.ingest(rows text, data_type text default 'ecommerce', contract text default null) returns jsonb language sql as $$
  select etl_api.ingest_client_data('123e4567-e89b-12d3-a456-426614174000', data_type, rows::jsonb, contract)
$$;
create function pg_temp.fields(data_type text default 'ecommerce') returns text language sql as $$
  select string_agg(f.value ->> 'name' || ' ' || (f.value ->> 'type'), ', ' order by f.place)
  from public.client_schemas as s cross join lateral jsonb_array_elements(s.schema_definition) with ordinality as f (value, place)
  where s.data_type = fields.data_type and s.client_id = '123e4567-e89b-12d3-a456-426614174000'
$$;

-- names
select is(etl_api.client_table_name('123e4567-e89b-12d3-a456-426614174000', 'ecommerce'), 'client_123e4567_ecommerce', 'a table is named after its client and what it holds');
select is(etl_api.client_table_name('123e4567-e89b-12d3-a456-426614174000', null), 'client_123e4567_data', 'or data');

-- the first rows
create temporary table first as
select pg_temp.ingest('[{"sku": "A-1", "price": "1,234", "sold": "5 Mar 2024", "later": null}, {"sku": "B-2", "price": "12"}, {"sku": "C-3", "price": "on request"}, 7]') as report;
select is((select report - '{errors,warnings,client_id}'::text[] from first),
  '{"added": ["price", "sku", "sold"], "failed": 1, "warned": 1, "success": 3, "unknown": [], "version": 1, "widened": [], "data_type": "ecommerce", "table_name": "client_123e4567_ecommerce"}',
  'the report says what came of them');
select is((select report -> 'errors' from first), '[{"code": "invalid_row", "error": "a row is an object, not number", "index": 3}]', 'which row is none');
select is((select report -> 'warnings' from first), '[{"field": "price", "index": 2, "warning": "on request is no number; kept as text"}]', 'and which value does not fit');
select is(pg_temp.fields(), 'price number, sku text, sold date', 'fields are known by their values; one without any waits');
select is((select jsonb_agg(d.data order by d.id) from public.client_data as d),
  '[{"sku": "A-1", "price": 1234, "sold": "2024-03-05", "later": null}, {"sku": "B-2", "price": 12}, {"sku": "C-3", "price": "on request"}]', 'values are made so');
select is((select d.originals from public.client_data as d order by d.id limit 1), '{"price": "1,234", "sold": "5 Mar 2024"}', 'and what they were is kept');

-- later ones
select is(pg_temp.ingest('[{"sku": "D-4", "later": 12}]') - '{errors,warnings,client_id,data_type,table_name,unknown,widened}'::text[],
  '{"added": ["later"], "failed": 0, "warned": 0, "success": 1, "version": 2}', 'a field is added when its first value comes');
select is(pg_temp.fields(), 'price number, sku text, sold date, later number', 'with the type that it has');
select is((pg_temp.ingest('[{"sku": "E-5", "price": 5}]') ->> 'version')::int, 2, 'what brings nothing new makes no version');
select is((select array_agg(row(v.version, jsonb_array_length(v.schema_definition), v.replaced_at)::text) from public.client_schema_versions as v),
  array['(1,3,"2026-05-01 10:00:00+00")'], 'the version before is kept');
select is(pg_temp.ingest('[{"price": "ask"}, {"price": "ask us"}, {"price": "call"}, {"price": "none"}, {"price": "x"}]') -> 'widened', '["price"]', 'where most do not fit the field is widened');
select is((select array_agg(row(c.field, c.change, c.to_type)::text order by c.id) from etl_api.schema_change as c where c.store = 'clients'),
  '{"(price,added,number)","(sku,added,text)","(sold,added,date)","(later,added,number)","(price,widened,text)"}', 'all of it is written down');
select is((select distinct c.target from etl_api.schema_change as c), '123e4567-e89b-12d3-a456-426614174000/client_123e4567_ecommerce', 'under the client''s table');

-- choices
select is((select pg_temp.ingest(jsonb_agg(jsonb_build_object('grade', (array['gold', 'silver'])[1 + i % 2]))::text, 'grades') ->> 'success' from generate_series(1, 10) as i), '10', 'a field of choices');
select is(pg_temp.ingest('[{"grade": "bronze"}]', 'grades') ->> 'warned', '0', 'takes another one');
select ok((select s.schema_definition #> '{0,options}' ? 'bronze' from public.client_schemas as s where s.data_type = 'grades'), 'and knows it since');

-- contracts
select is(pg_temp.ingest('[{"sku": "F", "odd": 1}, {"sku": "G"}]', contract => 'freeze') - '{warnings,client_id,data_type,table_name,version,added,widened,warned}'::text[],
  '{"failed": 1, "success": 1, "unknown": ["odd"], "errors": [{"code": "unknown_field", "error": "unknown odd: the table takes no new fields", "index": 0}]}', 'freeze refuses the row');
select is(pg_temp.ingest('[{"sku": "F", "odd": 1}]', contract => 'discard') - '{warnings,client_id,data_type,table_name,version,added,widened,warned}'::text[],
  '{"failed": 0, "success": 1, "unknown": ["odd"], "errors": []}', 'discard takes it');
select is((select d.data from public.client_data as d order by d.id desc limit 1), '{"sku": "F"}', 'without the field');
select is((select s.contract from public.client_schemas as s where s.data_type = 'ecommerce'), 'evolve', 'that was for these rows only');
update public.client_schemas set contract = 'freeze' where data_type = 'ecommerce';
select is(pg_temp.ingest('[{"odd": 1}]') ->> 'failed', '1', 'that of the table holds for all');
select is(pg_temp.ingest('[{"odd": 1}]', 'strict', 'freeze') ->> 'failed', '1', 'a new table takes the contract it came with');
select is((select s.contract from public.client_schemas as s where s.data_type = 'strict'), 'freeze', 'and keeps it');

-- one bad row costs itself
alter table public.client_data add constraint no_poison check (data ->> 'sku' is distinct from 'poison');
-- Whatever is rolled back, a sequence is not.
create sequence public.tries;
create function pg_temp.count_try() returns trigger language plpgsql as $$ begin perform nextval('public.tries'); return null; end $$;
create trigger zz_count_try before insert on public.client_data for each statement execute function pg_temp.count_try();
select is((select pg_temp.ingest(jsonb_agg(jsonb_build_object('sku', case when i in (3, 77, 78, 99) then 'poison' else i::text end) order by i)::text, 'halves') - '{warnings,client_id,data_type,table_name,version,added,widened,warned,unknown}'::text[]
    #- '{errors,0,error}' #- '{errors,1,error}' #- '{errors,2,error}' #- '{errors,3,error}' from generate_series(0, 99) as i),
  '{"failed": 4, "success": 96, "errors": [{"code": "23514", "index": 3}, {"code": "23514", "index": 77}, {"code": "23514", "index": 78}, {"code": "23514", "index": 99}]}',
  'rows that cannot be stored are found among the others');
select is((select count(*)::int from public.client_data as d where d.table_name like '%halves'), 96, 'which are stored');
-- Four paths of halves are at most 2 * 7 each, and the whole; one row after the other would be 101 statements.
select cmp_ok((select last_value from public.tries), '<=', 57::bigint, 'by halves, not one after the other');
drop trigger zz_count_try on public.client_data;

-- two clients whose ids begin alike
select is(etl_api.ingest_client_data('123e4567-aaaa-4000-8000-000000000000', 'ecommerce', '[{"sku": 1}]') ->> 'table_name', 'client_123e4567_ecommerce', 'two tables may have one name');
select is((select count(*)::int from public.get_client_data_filtered('123e4567-aaaa-4000-8000-000000000000', 'client_123e4567_ecommerce')), 1, 'each has its own rows');
select is(public.get_client_data_count('123e4567-aaaa-4000-8000-000000000000', 'client_123e4567_ecommerce'), 1::bigint, 'and its own count');

-- what cannot be taken
select throws_ok('select pg_temp.ingest(''[]'', ''a b'')', 'ETL04', '''a b'' is no data type: it has 1 to 40 letters, digits and _', 'a data type is a word');
select throws_ok('select pg_temp.ingest(''{}'')', 'ETL04', 'rows is object: it must be an array of objects', 'rows are a list');
select throws_ok('select pg_temp.ingest(''[]'', contract => ''melt'')', 'ETL04', null, 'there are three contracts');
select throws_ok('select pg_temp.ingest((select jsonb_agg(1)::text from generate_series(1, 100001)))', 'ETL04', 'there are 100001 rows: at most 100000 go in one call', 'and an end to a call');
select throws_ok('select etl_api.ingest_client_data(test_setup.id(''none''), null, ''[]'')', 'ETL04', null, 'the service names a client that is there');
select is(pg_temp.ingest('[]', 'empty') ->> 'version', '0', 'no rows say nothing');

select * from finish();

-- What a user looks for in a table of records is found by the indexes.
select plan(17);

select test_setup.set_up_records();
insert into public.tables (id, organization_id, name) values (test_setup.id('others'), test_setup.id('org acme'), 'Others');
insert into public.records (id, table_id, organization_id, name, data, created_at)
select test_setup.id('r' || i), test_setup.id(case when i % 10 = 0 then 'others' else 'leads' end), test_setup.id('org acme'), 'Company ' || i,
  jsonb_build_object('employee_count', i, 'industry', case when i % 5 = 0 then 'IT' else 'Steel' end, 'note', '株式会社 no' || i), '2026-01-01Z'::timestamptz + i * interval '1 second'
from generate_series(1, 5000) as i;
create function pg_temp.found(filter jsonb default null, words text default null, max_rows int default 100, before uuid default null) returns text[] language sql as $$
  select array(select r.data ->> 'employee_count' from etl_api.find_records(test_setup.id('leads'), filter, words, max_rows, before) as r)
$$;

select is(pg_temp.found(max_rows => 3), '{4999,4998,4997}', 'the newest come first');
select is(pg_temp.found('{}', max_rows => 2), '{4999,4998}', 'an empty filter takes all');
select is(pg_temp.found('{"employee_count": 42}'), '{42}', 'by value');
select is(pg_temp.found('{"employee_count": 50}'), '{}', 'of this table');
select is(pg_temp.found('{"industry": "IT"}', max_rows => 3), '{4995,4985,4975}', 'some of many');
select is(pg_temp.found('{"industry": "IT"}', max_rows => 2, before => test_setup.id('r4985')), '{4975,4965}', 'the next page');
select is(pg_temp.found(max_rows => 2, before => test_setup.id('r4985')), '{4984,4983}', 'without a filter, too');
select throws_ok($$select pg_temp.found(before => test_setup.id('r10'))$$, 'ETL04', format('there is no record %s in the table', test_setup.id('r10')),
  'behind what is no record of the table there is no page, and that is said');
select is(pg_temp.found(words => 'no777'), '{777}', 'by word');
select is(pg_temp.found('{"industry": "Steel"}', '"Company 777" -no9'), '{777}', 'by both, as of a search engine');
select is(pg_temp.found('{"industry": "IT"}', 'no777'), '{}', 'both are asked for');
update public.records set deleted_at = utils.now() where id = test_setup.id('r42');
select is(pg_temp.found('{"employee_count": 42}'), '{}', 'deleted records are not found');
select is(test_setup.as_user(p.name, $$select r.name from etl_api.find_records(test_setup.id('leads'), '{"employee_count": 43}') as r$$), p.answer, p.name || ' looks for it')
from (values ('vera', '("Company 43")'), ('otto', 'ETL04')) as p (name, answer);

-- What is read: by row level security all records of the tenant would be.
analyze public.records;
create function pg_temp.buffers(arguments text) returns int language plpgsql as $$
declare
  plan json;
begin
  execute format('explain (analyze, buffers, format json) select * from etl_api.find_records(test_setup.id(''leads''), %s)', arguments) into plan;
  return (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
end
$$;
select gin_clean_pending_list('public.records_data_idx'), gin_clean_pending_list('public.records_search_vector_idx');
select pg_temp.buffers($$'{"employee_count": 44}', 'no44'$$);
select cmp_ok(pg_temp.buffers($$'{"employee_count": 44}'$$), '<', 60, 'a value is looked up');
select cmp_ok(pg_temp.buffers($$words => 'no44'$$), '<', 60, 'a word is looked up');
select cmp_ok((select (pg_relation_size('public.records') / 8192)::int), '>', 100, 'of many pages');

select * from finish();

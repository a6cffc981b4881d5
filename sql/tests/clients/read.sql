-- What is read, counted and found.
select plan(27);

select test_setup.setup_base_data();
insert into public.clients (client_id, organization_id, company_name, email)
values (test_setup.id('shop'), test_setup.id('org acme'), 'Shop', 'shop@client.example'), (test_setup.id('big'), test_setup.id('org acme'), 'Big', null),
  (test_setup.id('none'), test_setup.id('org acme'), 'None', null);
select etl_api.ingest_client_data(test_setup.id('shop'), 'orders', (
  select jsonb_agg(jsonb_build_object('n', i, 'category', case when i % 10 = 0 then 'electronics' else 'toys' end, 'tags', jsonb_build_array('t' || i % 3)) order by i) from generate_series(1, 100) as i));
select etl_api.ingest_client_data(test_setup.id('shop'), null, '[{"n": 1000, "category": "electronics"}]');
create function pg_temp.n(filter jsonb default null, max_rows int default 100, of_table text default null, before bigint default null) returns int[] language sql as $$
  select array(select (d.data ->> 'n')::int from public.get_client_data_filtered(test_setup.id('shop'), of_table, max_rows, filter, before) as d)
$$;
create function pg_temp.name(kind text) returns text language sql as $$ select etl_api.client_table_name(test_setup.id('shop'), kind) $$;

select is(pg_temp.n(max_rows => 3), '{1000,100,99}', 'the newest come first');
select is(pg_temp.n(max_rows => 2, of_table => pg_temp.name('orders')), '{100,99}', 'of one table');
select is(pg_temp.n('{"category": "electronics"}', 3), '{1000,100,90}', 'those that say so');
select is(pg_temp.n('{"category": "electronics"}', 3, pg_temp.name('orders')), '{100,90,80}', 'of one table');
select is(pg_temp.n('{"n": 42}'), '{42}', 'a number');
select is(cardinality(pg_temp.n('{"tags": ["t1"], "category": "electronics"}')), 4, 'in a list, and two things at once');
select is(pg_temp.n('{"n": 4242}'), '{}', 'nobody says so');
select is(cardinality(pg_temp.n('{}', 1000)), 101, 'an empty filter takes all');
select is((select count(*)::int from public.get_client_data_filtered(test_setup.id('shop'))), 100, 'a hundred when nothing is said');
select is(pg_temp.n('{"category": "electronics"}', 2, null, (select d.id from public.client_data as d where d.data ->> 'n' = '90')), '{80,70}', 'the next page');
select is(pg_temp.n(null, 2, null, (select d.id from public.client_data as d where d.data ->> 'n' = '90')), '{89,88}', 'without a filter, too');
select throws_ok('select pg_temp.n(max_rows => 0)', 'ETL04', 'max_rows is 0: it must be from 1 to 10000', 'some rows');
select throws_ok('select pg_temp.n(max_rows => 10001)', 'ETL04', null, 'but not all at once');
select throws_ok('select pg_temp.n(''[1]'')', 'ETL04', 'filter is array: it must be an object', 'a filter is an object');

select is(public.get_client_data_count(test_setup.id('shop')), 101::bigint, 'all are counted');
select is(public.get_client_data_count(test_setup.id('shop'), pg_temp.name('orders')), 100::bigint, 'or those of a table');
select is(public.get_client_data_count(test_setup.id('shop'), 'no_such'), 0::bigint, 'of none: none');
select is((select * from public.get_client_data_count('00000000-0000-0000-0000-000000000000')), 0::bigint, 'a client that is not there has none');
select is((select array_agg(row(s.company_name, s.data_type, s.data_stored, s.row_count, s.actual_row_count)::text order by s.company_name, s.data_type) from public.client_data_summary as s),
  '{"(Big,,f,0,0)","(None,,f,0,0)","(Shop,data,t,1,1)","(Shop,orders,t,100,100)"}', 'the summary shows them');

-- One of many is found by the index, which begins with the client: whatever others have.
insert into public.client_data (client_id, organization_id, table_name, data)
select test_setup.id('big'), test_setup.id('org acme'), etl_api.client_table_name(test_setup.id('big'), null), jsonb_build_object('n', i, 'category', 'electronics')
from generate_series(1, 20000) as i;
analyze public.client_data;
create function pg_temp.plan_of(client uuid) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute format($f$explain (costs off) select * from public.client_data as d
    where jsonb_set('{}', array[d.client_id::text], d.data) @> jsonb_build_object(%1$L, '{"category": "electronics", "n": 7}'::jsonb)
      and d.client_id = %1$L order by d.id + 0 desc limit 10$f$, client)
  loop
    lines := lines || line || e'\n';
  end loop;
  return lines;
end
$$;
select matches(pg_temp.plan_of(test_setup.id('big')), 'Bitmap Index Scan on idx_client_data_jsonb', 'a filter is looked up in the index');
create function pg_temp.buffers(client uuid) returns int language plpgsql as $$
declare
  plan json;
begin
  execute format($f$explain (analyze, buffers, format json) select count(*) from public.client_data as d
    where jsonb_set('{}', array[d.client_id::text], d.data) @> jsonb_build_object(%1$L, '{"category": "electronics"}'::jsonb)$f$, client) into plan;
  return (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
end
$$;
select gin_clean_pending_list('public.idx_client_data_jsonb');
select cmp_ok(pg_temp.buffers(test_setup.id('shop')), '<', 30, 'and nothing of what another has is read on the way');
select cmp_ok(pg_temp.buffers(test_setup.id('big')), '>', 100, 'though that is much');

-- direct writers are counted as well
select is(public.get_client_data_count(test_setup.id('big')), 20000::bigint, 'rows of the service are counted');
delete from public.client_data where client_id = test_setup.id('big') and (data ->> 'n')::int > 10;
update public.client_data set table_name = 'client_x_moved' where client_id = test_setup.id('big') and (data ->> 'n')::int <= 3;
select is((select array_agg(row(s.table_name like '%moved', s.row_count, s.actual_row_count)::text order by 1) from public.client_data_summary as s where s.client_id = test_setup.id('big')),
  '{"(f,7,7)","(t,3,3)"}', 'also when they go, or move');
select etl_api.fold_client_counts();
select is((select array_agg(row(s.data_stored, s.row_count)::text order by s.row_count) from public.client_schemas as s where s.client_id = test_setup.id('big')), '{"(t,3)","(t,7)"}', 'the sweep folds the counts');

delete from public.client_data where client_id = test_setup.id('big') and table_name like '%moved';
select is((select array_agg(row(s.data_stored, s.row_count)::text order by s.row_count) from public.client_data_summary as s where s.client_id = test_setup.id('big')), '{"(f,0)","(t,7)"}', 'a table whose rows are all gone holds nothing');
select etl_api.fold_client_counts();
select is((select array_agg(row(s.data_stored, s.row_count)::text order by s.row_count) from public.client_schemas as s where s.client_id = test_setup.id('big')), '{"(f,0)","(t,7)"}', 'and the sweep says so');

select * from finish();

-- A call takes about max_rows of each table, of a large request a part.
select plan(14);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request as select n, test_setup.chain(array['r' || n || '.test']) as id from generate_series(1, 5) as n;
select test_setup.finish_chains();
set etl.fake_now = '2100-01-02 00:00:00Z';
create temporary table large as select test_setup.chain(array(select 'l' || n || '.test' from generate_series(1, 25) as n)) as id;
select test_setup.finish_chains();
select test_setup.rolled_up();
set etl.fake_now = '2100-03-01 00:00:00Z';

select is((select array[count, more::int] from etl_api.purge('30 days', 2) where what = 'workflow_request'), '{2,1}', 'two, and there is more');
select is((select count(*) from public.workflow_request), 4::bigint, 'two are gone');
select is((select array[count, more::int] from etl_api.purge('30 days', 2) where what = 'workflow_request'), '{2,1}', 'two more');
select is((select count(*) from public.run_queue where workflow_request_id in (select id from large)), 25::bigint, 'the large one is whole');
create temporary table call (no int, runs bigint, requests bigint, more boolean, miscounted bigint);
create function pg_temp.calls() returns void language plpgsql as $$
declare
  g jsonb;
begin
  for n in 1..30 loop
    select jsonb_object_agg(p.what, p.count) || jsonb_build_object('more', bool_or(p.more)) into g
    from etl_api.purge('30 days', 2) as p where p.what <> 'etl_log';
    exit when g is null;
    insert into call values (n, (g ->> 'run_queue')::bigint, (g ->> 'workflow_request')::bigint, (g ->> 'more')::boolean,
      (select count(*) from test_setup.miscounted()));
  end loop;
end $$;
select pg_temp.calls();
select ok((select max(runs) <= 6 from call), 'never more than three times as many runs: ' || (select string_agg(call::text, ' ' order by no) from call));
select is((select sum(runs)::int from call), 26, 'all runs in the end');
select is((select count(*) filter (where more and coalesce(requests, 0) = 0) > 2 from call), true, 'the large one went in parts');
select is((select sum(requests)::int from call), 2, 'and then itself');
select is((select sum(miscounted)::int from call), 0, 'the counts were right after each call');
select is_empty('select id from public.workflow_request', 'nothing is left');
select is_empty('select entity_id from etl_api.state_step', 'nor any history');
select is_empty('select * from etl_api.check_consistency()', 'all fits together');

delete from etl_api.etl_log;
insert into etl_api.etl_log (at, level, station, message)
select '2100-01-01', 'info', 'test', 'entry ' || n from generate_series(1, 5) as n;
insert into etl_api.etl_log (at, level, station, message) values ('2100-02-28', 'info', 'test', 'young');
select is((select array[count, more::int] from etl_api.purge('30 days', 2) where what = 'etl_log'), '{2,1}', 'the log in parts, too');
select count(*) from etl_api.purge('30 days', 2);
select count(*) from etl_api.purge('30 days', 2);
select count(*) from etl_api.purge('30 days', 2);
select is(array(select message from etl_api.etl_log), '{young}', 'until only what is young is left');

select * from finish();

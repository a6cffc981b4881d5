-- What one object costs does not depend on how many there are in a request: the rows read for each are counted, in a
-- waterfall with guardrails and in a search over pages.
select plan(6);

select test_setup.setup_enrichment_test_data();
update source
set max_objects_per_request = 100,
    run_request_template = '{"method": "POST", "url": "https://x.test", "body": "<<$objects>>", "response": {"objects": "companies"}}';
update object_source set key_mapping_json = '"companies"' where direction = 'result';
delete from datapoint_source where source_id = test_setup.id('Company Register') and datapoint_id = test_setup.id('company.funding');
update datapoint_source set key_mapping_json = '"employees"' where datapoint_id = test_setup.id('company.employees');
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values (test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'greater_than', '1', true);

create function pg_temp.rows_read() returns bigint language sql as $$
  select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables
$$;

-- Half of the first answers are refused, so half of the objects go to the second source.
create function pg_temp.answer_all(employees int) returns int language plpgsql as $$
declare
  claimed jsonb;
  count int := 0;
begin
  loop
    claimed := (select jsonb_agg(to_jsonb(c)) from etl_api.claim_run_requests('one', 2) as c);
    exit when claimed is null;
    count := count + jsonb_array_length(claimed);
    perform etl_api.complete_run_requests((
      select jsonb_agg(jsonb_build_object('run_request_id', c -> 'run_request_id', 'lease_token', c -> 'lease_token', 'status', 200,
        'body', jsonb_build_object('companies', (
          select jsonb_agg(o || jsonb_build_object('employees', case when right(o ->> 'domain', 6) < '5.test' then employees else 7 end))
          from jsonb_array_elements(c #> '{request,body}') as o))))
      from jsonb_array_elements(claimed) as c));
  end loop;
  return count;
end
$$;

create temp table cost (what text, objects int, rows_read numeric);
create function pg_temp.enrich(objects int) returns void language plpgsql as $$
declare
  before bigint := pg_temp.rows_read();
begin
  perform test_setup.enrich(array(select objects || 'x' || n || '.test' from generate_series(1, objects) as n), '{"datapoints": ["employees"]}');
  perform pg_temp.answer_all(0);
  insert into cost values ('enrich', objects, (pg_temp.rows_read() - before)::numeric / objects);
end
$$;
select pg_temp.enrich(200);
select pg_temp.enrich(2000);
select is((select array_agg(summary - 'runs' order by summary ->> 'objects') from activity_result),
  array['{"objects": 200, "values": 100, "missing": 100, "refused": 200}', '{"objects": 2000, "values": 1000, "missing": 1000, "refused": 2000}']::jsonb[],
  'both waterfalls end');
select is((select count(*) from run_queue where state <> 'done'), 0::bigint, 'with all their runs');
select cmp_ok((select rows_read from cost where what = 'enrich' and objects = 2000), '<',
  (select rows_read * 1.3 from cost where what = 'enrich' and objects = 200), 'an object of many reads no more rows than one of few');

select test_setup.setup_extract_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://x.test", "query": {"page": "<<$page>>"}, "response": {"objects": "hits"}}'
where name = 'AlgOps Search';
create function pg_temp.find(objects int) returns void language plpgsql as $$
declare
  before bigint := pg_temp.rows_read();
  claimed record;
begin
  perform test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
    'id', test_setup.id('extract companies'), 'setup', jsonb_build_object('config', jsonb_build_object('max_objects', null))))));
  loop
    select * into claimed from test_setup.claim();
    exit when claimed.run_request_id is null;
    perform test_setup.answer(claimed.run_request_id, jsonb_build_object('hits', (
      select coalesce(jsonb_agg(jsonb_build_object('host', objects || 'y' || n || '.test', 'title', n::text)), '[]')
      from generate_series(1, 100) as i
      cross join lateral (select ((claimed.request #>> '{query,page}')::int - 1) * 100 + i as n) as t
      where n <= objects)));
  end loop;
  insert into cost values ('find', objects, (pg_temp.rows_read() - before)::numeric / objects);
end
$$;
select pg_temp.find(200);
select pg_temp.find(2000);
select is((select array_agg(summary -> 'new' order by summary -> 'new') from activity_result where summary ? 'new'), '{200,2000}', 'both searches end');
select cmp_ok((select rows_read from cost where what = 'find' and objects = 2000), '<',
  (select rows_read * 1.3 from cost where what = 'find' and objects = 200), 'an object of many reads no more rows than one of few');
select cmp_ok((select max(rows_read) from cost), '<', 150::numeric, 'and these are not many');

select * from finish();

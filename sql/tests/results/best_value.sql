-- Of several values the request's own counts first, then by the sources' priority, confidence, and age; fresh before stale.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
insert into source (id, name, run_request_template)
values
  (test_setup.id('Third'), 'Third', '{"method": "GET", "url": "https://third.test/"}'),
  (test_setup.id('Unmapped'), 'Unmapped', '{"method": "GET", "url": "https://unmapped.test/"}');
insert into datapoint_source (source_id, datapoint_id, key_mapping_json, priority)
values (test_setup.id('Third'), test_setup.id('company.employees'), '"n"', 20);
create temp table thing as
select etl_api.store_object(test_setup.id('org acme'), test_setup.id('company'), '{"domain": "a.test"}') as id;
create function pg_temp.best() returns jsonb language sql as $$
  select v.values -> 'employees' || (v.provenance #> '{employees,source}') from thing cross join lateral etl_api.object_values(array[thing.id]) as v
$$;

select is((select array_agg(v.place || ' ' || v.values || ' ' || v.provenance order by v.place) from thing
  cross join lateral etl_api.object_values(array[thing.id, null]) as v), array['1 {} {}', '2 {} {}'], 'a row for each object, empty without values');
select is(etl_api.store_value(id, test_setup.id('company.employees'), '1', test_setup.id('Unmapped')), true, 'a value is stored') from thing;
select is(pg_temp.best(), '[1, "Unmapped"]', 'the only one counts');
select etl_api.store_value(id, test_setup.id('company.employees'), '2', test_setup.id('Third'), 0.5) is null from thing;
select is(pg_temp.best(), '[2, "Third"]', 'a source with a priority goes before one without');
select etl_api.store_value(id, test_setup.id('company.employees'), '3', test_setup.id('Company Register'), 0.6) is null from thing;
select is(pg_temp.best(), '[3, "Company Register"]', 'at the same priority the more confident one');
select etl_api.store_value(id, test_setup.id('company.employees'), '4', test_setup.id('AlgOps API Client'), 0.1) is null from thing;
select is(pg_temp.best(), '[4, "AlgOps API Client"]', 'the lower priority number first, however confident the others');
update datapoint_source set max_age = '1 hour' where source_id = test_setup.id('AlgOps API Client');
set etl.fake_now = '2026-05-01 11:00:00Z';
select is(pg_temp.best(), '[3, "Company Register"]', 'a stale one after all fresh ones');
select etl_api.store_value(id, test_setup.id('company.employees'), '5') is null from thing;
select is(pg_temp.best(), '[5, "input"]', 'what the request says first of all');
select is((select array[
    etl_api.store_value(id, test_setup.id('company.employees'), 'null', test_setup.id('Third')),
    etl_api.store_value(test_setup.id('nothing'), test_setup.id('company.employees'), '1')] from thing),
  array[false, null], 'JSON null is not stored, nor anything of an unknown object');

select * from finish();

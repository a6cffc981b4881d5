-- A shared datapoint and one of the org's own may have the same name: an object then has one value of that name.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
insert into datapoint (id, org_id, object_type_id, name, value_type)
values ('ffffffff-0000-0000-0000-000000000000', test_setup.id('org acme'), test_setup.id('company'), 'employees', 'number');
create temp table thing as
select etl_api.store_object(test_setup.id('org acme'), test_setup.id('company'), '{"domain": "a.test"}') as id;
create function pg_temp.known(names jsonb default null) returns text language sql as $$
  select v.values::text || ' ' || v.count || ' ' || (v.provenance #>> '{employees,source}')
  from thing cross join lateral etl_api.object_values(array[thing.id], array[names]) as v
$$;

select etl_api.store_value(id, test_setup.id('company.employees'), '1', test_setup.id('AlgOps API Client')) from thing;
select etl_api.store_value(id, test_setup.id('company.industry'), '"Mills"', test_setup.id('AlgOps API Client')) from thing;
select is(pg_temp.known(), '{"industry": "Mills", "employees": 1} 2 AlgOps API Client', 'the shared one alone');
select etl_api.store_value(id, 'ffffffff-0000-0000-0000-000000000000', '2', test_setup.id('Company Register')) from thing;
select is(pg_temp.known(), '{"industry": "Mills", "employees": 2} 2 Company Register', 'with both it is still one, of the later id');
select is(pg_temp.known('["employees"]'), '{"employees": 2} 1 Company Register', 'also where only that name is asked for');

select * from finish();

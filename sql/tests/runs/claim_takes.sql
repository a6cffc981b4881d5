-- A claim takes at most what it asks for, each request once, none of a source that is switched off.
select plan(8);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich(array(select n || '.test' from generate_series(1, 7) as n));
create temp table claimed as select * from test_setup.claim(3);
select is((select count(*) from claimed), 3::bigint, 'three as asked for');
insert into claimed select * from test_setup.claim(3);
insert into claimed select * from test_setup.claim(100);
insert into claimed select * from test_setup.claim(100);
select is((select count(*) from claimed), 14::bigint, 'in the end all: seven objects, two sources');
select is((select count(distinct run_request_id) from claimed), 14::bigint, 'each once');
select is((select count(distinct request) from claimed), 14::bigint, 'no request is sent twice');
select is((select count(distinct lease_token) from run_request), 14::bigint, 'each with a lease of its own');
delete from workflow_request;

select test_setup.enrich('{y.test}', '{"datapoints": ["employees"]}');
update source set enabled = false where name = 'AlgOps API Client';
select is((select count(*) from test_setup.claim() where source = 'AlgOps API Client'), 0::bigint, 'a source switched off meanwhile is not asked');
select is(test_setup.runs(), array['y.test AlgOps API Client waiting:allocation'], 'its runs wait');
update source set enabled = true where name = 'AlgOps API Client';
select is((select count(*) from test_setup.claim()), 1::bigint, 'until it is switched on');

select * from finish();

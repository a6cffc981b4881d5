-- Inside a tenant runs of a higher priority go first, then the longest due; a tenant's priority is nothing to others.
select plan(6);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into activity (id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich for all'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');
create function pg_temp.enrich(domain text, priority int, org text default 'org acme') returns void language sql as $$
  insert into workflow_request (org_id, priority, data)
  values (test_setup.id(org), enrich.priority, jsonb_build_object(
    'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', domain))),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich for all')))))
$$;
create function pg_temp.next() returns text language sql as $$
  select substring(request ->> 'url' from '[a-z0-9]+\.test$') from test_setup.claim(1)
$$;
select pg_temp.enrich('low.test', -5);
select pg_temp.enrich('normal1.test', 0);
set etl.fake_now = '2026-05-01 10:01:00Z';
select pg_temp.enrich('high.test', 7);
select pg_temp.enrich('normal2.test', 0);

select is(pg_temp.next(), 'high.test', 'the highest first');
select is(pg_temp.next(), 'normal1.test', 'then the longest due of those alike');
select pg_temp.enrich('loud.test', 100, 'org other');
select pg_temp.enrich('louder.test', 100, 'org other');
create temp table served as select pg_temp.next() as domain;
insert into served select pg_temp.next();
select set_eq('select domain from served', array['normal2.test', 'loud.test'], 'the other tenant has one turn, not all');
insert into served select pg_temp.next();
insert into served select pg_temp.next();
select set_eq('select domain from served', array['normal2.test', 'loud.test', 'low.test', 'louder.test'], 'and so on');
select is(pg_temp.next(), null::text, 'all are under way');
select is((select array_agg(priority order by priority) from run_queue), '{-5,0,0,7,100,100}', 'each run carries the priority of its request');

select * from finish();

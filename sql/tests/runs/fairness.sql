-- A source serves its tenants in turn: what one has waiting delays another by no more than one round.
select plan(17);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
-- Their ids are in the order of their names, and so are their turns.
insert into org (id, name, slug)
select ('00000000-0000-4000-8000-00000000000' || n)::uuid, n::text, 'org-' || n from generate_series(0, 5) as n;
insert into activity (id, name, activity_type, object_type_id, datapoints)
values (test_setup.id('enrich for all'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry}');
create function pg_temp.enrich(org int, companies int) returns uuid language sql as $$
  select test_setup.start(jsonb_build_object(
    'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', n || '.test')) from generate_series(1, companies) as n)),
    'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich for all')))),
    ('00000000-0000-4000-8000-00000000000' || org)::uuid)
$$;
-- How many requests each tenant is given, as {tenant: count}.
create function pg_temp.claim(max_requests int) returns jsonb language plpgsql as $$
declare
  ids uuid[] := array(select run_request_id from test_setup.claim(max_requests));
begin
  return (
    select jsonb_object_agg(c.name, c.count)
    from (select o.name, count(*) from run_request as r join org as o on o.id = r.org_id where r.id = any (ids) group by o.name) as c);
end
$$;

select pg_temp.enrich(1, 400);
select is(pg_temp.claim(20), '{"1": 20}', 'who is alone gets all');
select pg_temp.enrich(2, 13);
select is(pg_temp.claim(20), '{"1": 10, "2": 10}', 'a second one has its share at once');
select is(pg_temp.claim(20), '{"1": 17, "2": 3}', 'what it does not need goes to the first');
select is(pg_temp.claim(20), '{"1": 20}', 'and then all');

select pg_temp.enrich(0, 30);
select pg_temp.enrich(3, 30);
select is(pg_temp.claim(20), '{"0": 7, "1": 6, "3": 7}', 'turns go on behind the one that was served last, and then from the first tenant');
select is(pg_temp.claim(20), '{"0": 6, "1": 7, "3": 7}', 'so that the last turn is another''s each time');
select is(pg_temp.claim(1), '{"0": 1}', 'one');
select is(pg_temp.claim(1), '{"1": 1}', 'after');
select is(pg_temp.claim(1), '{"3": 1}', 'the other');
select is(pg_temp.claim(1), '{"0": 1}', 'and round again');

select pg_temp.enrich(n, 2) from generate_series(0, 5) as n;
select is(pg_temp.claim(4), '{"1": 1, "2": 1, "3": 1, "4": 1}', 'more tenants than turns: the first four');
select is(pg_temp.claim(4), '{"0": 1, "1": 1, "2": 1, "5": 1}', 'the next four, round the end');

-- What was sent before has no right of way over other tenants' first requests.
delete from workflow_request where org_id::text not like '%1';
update source set max_concurrency = 4, retry_policy = '{"base_seconds": 0, "jitter": 0}' where name = 'AlgOps API Client';
select is(
  (select count(*) from run_request as r where r.state = 'in_progress' and test_setup.answer(r.id, '{}', 503) = 'accepted'),
  83::bigint, 'a tenant with many retries');
select pg_temp.enrich(4, 10);
select is(pg_temp.claim(9), '{"1": 2, "4": 2}', 'shares with one that comes anew');
select is(pg_temp.claim(9), null, 'under the limit of the source');
select test_setup.answer(r.id, '{}', 404) from run_request as r where r.state = 'in_progress';
select is(pg_temp.claim(3), '{"1": 1, "4": 2}', 'whose turn it is');
select is((select attempts from run_request where state = 'in_progress' and org_id::text like '%1'), 2, 'inside a tenant what was sent before goes first');

select * from finish();

-- What an address of which nothing is known may have under way counts what is under way already, and what was asked for
-- just before.
select plan(4);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create function pg_temp.tell(url text, number int, org text) returns int language sql as $$
  select etl_api.queue_messages(array_agg(test_setup.id(org)), array_agg(null::uuid), array_agg(null::uuid),
    array_agg(jsonb_build_object('url', url)), array_agg('test.event'::text), array_agg(jsonb_build_object('n', n)))
  from generate_series(1, number) as n
$$;
create function pg_temp.claim() returns text language sql as $$
  select coalesce(string_agg(c.url || ' ' || c.number, ', ' order by c.url), 'nothing')
  from (select d.url, count(*) as number from etl_api.claim_deliveries('one', 1000) as d group by d.url) as c
$$;

select pg_temp.tell('https://one.test/', 5, 'org acme');
select pg_temp.tell('https://two.test/', 3, 'org acme');
select is(pg_temp.claim(), 'https://one.test/ 5, https://two.test/ 3', 'a few of each');
select pg_temp.tell('https://one.test/', 16, 'org acme');
select pg_temp.tell('https://two.test/', 3, 'org acme');
select is(pg_temp.claim(), 'https://one.test/ 15, https://two.test/ 3', 'five and fifteen are twenty');
select is((select count(*) from public.delivery where state = 'in_progress'), 26::bigint, 'all others are under way');

-- Nothing of a tenant that is deleted, in a claim that holds nothing else to look at.
delete from public.delivery;
delete from etl_api.delivery_lane;
select pg_temp.tell('https://three.test/', 3, 'org other');
update public.org set deleted_at = utils.now() where id = test_setup.id('org other');
select is(pg_temp.claim(), 'nothing', 'nothing of a tenant that is deleted');

select * from finish();

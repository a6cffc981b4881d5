-- A transaction that cannot have an org's row leaves a note; whoever has the row next, or the sweep, adds it.
select plan(8);

select test_setup.setup_base_data();
create function pg_temp.counters() returns text
language sql
as $$
  select concat_ws(' ', request_count, run_count, object_count, coalesce(free_objects::text, '-'))
  from public.org
  where id = test_setup.id('org acme')
$$;

select etl_api.add_org_counts(
  array[test_setup.id('org acme'), test_setup.id('org other')], '{1,2}', '{3,4}', '{5,6}', '{5,6}');
select is(pg_temp.counters(), '1 3 5 -', 'counts are added, and what is not limited stays so');
select is(
  (select request_count from public.org where id = test_setup.id('org other')), 2::bigint, 'for each org its own');
select etl_api.add_org_counts(array[test_setup.id('org acme'), test_setup.id('org acme')], '{1,1}');
select is(pg_temp.counters(), '3 3 5 -', 'an org may be named twice');
select lives_ok(
  $$select etl_api.add_org_counts(array[gen_random_uuid()], null), etl_api.add_org_counts('{}'), etl_api.add_org_counts(null)$$,
  'no org, or one that is gone, is no error');

insert into etl_api.org_count_delta (org_id, requests, runs, objects, free_objects)
select test_setup.id('org acme'), 10, 20, 30, 2
from generate_series(1, 2);
update public.org set free_objects = 5 where id = test_setup.id('org acme');
select etl_api.add_org_counts(array[test_setup.id('org acme')], new_objects => '{4}');
select is(pg_temp.counters(), '23 43 65 0', 'whoever has the row adds what others left, and stops at no free objects');
select is_empty('select * from etl_api.org_count_delta where not recount_datapoints', 'and takes it away');

update public.org set free_objects = -3 where id = test_setup.id('org acme');
insert into etl_api.org_count_delta (org_id, requests, free_objects) values (test_setup.id('org acme'), 1, 1);
insert into etl_api.org_count_delta (org_id, requests) values (gen_random_uuid(), 1);
select etl_api.recover();
select is(pg_temp.counters(), '24 43 65 -3', 'the sweep adds what nobody came for; what is below none already is left as it is');
select is_empty('select * from etl_api.org_count_delta', 'notes of orgs that are gone go too');

select * from finish();

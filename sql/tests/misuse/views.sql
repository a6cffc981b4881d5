-- Every view shows a reader the rows of their own orgs, and a stranger nothing of them.
select plan(6);

select test_setup.set_up_misuse();
select test_setup.start('{}', test_setup.id('org acme'));
select count(*) from etl_api.recover();
create temp table shown as
select c.relname as name,
  exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) as has_org,
  c.reloptions
from pg_class as c
where c.relnamespace = 'etl_api'::regnamespace
  and c.relkind = 'v';

select is_empty(
  $$select v.name from unnest('{state_overview,workflow_progress,stuck,source_health,delivery_health,state_durations,org_usage_monthly,queue_depth}'::text[]) as v (name)
    where v.name not in (select s.name from shown as s)$$, 'all views of the contract are there');
select is_empty($$select name from shown where not coalesce('security_invoker=true' = any (reloptions), false)$$, 'each reads with the rights of its reader');
select is_empty(
  $$select name, a from shown cross join lateral test_setup.misuse(format('select count(*) from etl_api.%I', name), null, 'anon') as a (a)
    where a <> '42501 permission denied for schema etl_api'$$, 'anon may not even look');
select is_empty(
  $$select name, a from shown cross join lateral test_setup.misuse(format('select count(*) from etl_api.%I%s', name,
      case when has_org then format(' where org_id = %L', test_setup.id('org acme')) else '' end), 'otto', 'authenticated') as a (a)
    where has_org and a <> '(0)'$$, 'a stranger sees no row of another org');
select is_empty(
  $$select name, a from shown cross join lateral test_setup.misuse(format('select count(*) from etl_api.%I%s', name,
      case when has_org then format(' where org_id <> all (array[%L, %L]::uuid[])', test_setup.id('org acme'), test_setup.id('org other')) else '' end), null, 'authenticated') as a (a)
    where a <> '(0)' and has_org$$, 'nobody signed in sees nobody''s');
select is_empty(
  $$select name, a from shown cross join lateral (values ('mia', 'authenticated'), ('vera', 'authenticated'), (null, 'service_role')) as r (person, role)
    cross join lateral test_setup.misuse(format('select count(*) >= 0 from etl_api.%I', name), r.person, r.role) as a (a)
    where a <> '(t)'$$, 'members and the service read all of them');

select * from finish();

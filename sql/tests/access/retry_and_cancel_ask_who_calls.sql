select plan(14);

select test_setup.set_up_people();
create temporary table row as select test_setup.enrich('{a.test}') as id;

create function pg_temp.cancel(person text, role text default 'authenticated') returns text
language sql
as $$ select test_setup.as_user(person, format('select etl_api.cancel(%L) ->> ''state''', id), role) from row $$;
create function pg_temp.retry(person text, role text default 'authenticated') returns text
language sql
as $$ select test_setup.as_user(person, format('select etl_api.retry(%L) ->> ''state''', id), role) from row $$;

select is(pg_temp.cancel('otto'), 'ETL04', 'a stranger: no such request');
select is(pg_temp.cancel('vera'), 'ETL06', 'a viewer only reads');
select is(pg_temp.cancel('nobody'), 'ETL04', 'somebody without an org');
select is(pg_temp.cancel(null), 'ETL04', 'nobody signed in');
select is(pg_temp.cancel(null, 'anon'), '42501', 'anon may not even ask');
select is(test_setup.state(id), 'in_progress', 'all of which changed nothing') from row;
select is(pg_temp.cancel('mia'), '(failed)', 'a member may');
select is((select distinct reason from etl_api.state_history where substate = 'cancelled'), 'cancelled by user ' || test_setup.id('mia'),
  'and the history says who');
select is(pg_temp.retry('otto'), 'ETL04', 'a stranger: no such request');
select is(pg_temp.retry('vera'), 'ETL06', 'a viewer only reads');
select is(pg_temp.retry(null, 'service_role'), '(in_progress)', 'the service may');
select is(pg_temp.cancel(null, 'service_role'), '(failed)', 'the service may');
select is(pg_temp.retry('olga'), '(in_progress)', 'the owner may');
-- The words for a stranger's id and for none are the same.
set local role authenticated;
select set_config('request.jwt.claims', jsonb_build_object('sub', test_setup.id('otto'))::text, true) is null as unused;
reset role;
select is(
  regexp_replace(test_setup.outcome(format('select etl_api.cancel(%L)', id)), '[0-9a-f-]{36}', ''),
  regexp_replace(test_setup.outcome(format('select etl_api.cancel(%L)', test_setup.id('nothing'))), '[0-9a-f-]{36}', ''),
  'a stranger cannot tell a request from none')
from row;

select * from finish();

select plan(3);

create temporary table callable as
select p.oid, p.oid::regprocedure::text as name
from pg_proc as p
where p.pronamespace in ('public'::regnamespace, 'etl_api'::regnamespace, 'utils'::regnamespace)
  and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');

-- utils holds pure functions; what they may be called with, they compute.
select is(
  array(select c.name from callable as c where has_function_privilege('anon', c.oid, 'execute') and c.name not like 'utils.%' order by 1),
  '{}', 'anon may call nothing that reads or writes');
select is(
  array(
    select p.oid::regprocedure::text
    from callable as c
    join pg_proc as p on p.oid = c.oid
    where p.prosecdef
      and has_function_privilege('authenticated', p.oid, 'execute')
    order by 1),
  '{etl_api.cancel(uuid),"etl_api.dry_run(uuid,jsonb)",etl_api.explain(uuid),etl_api.my_orgs(text[]),etl_api.redeliver(uuid),"etl_api.replay(uuid,timestamp with time zone,timestamp with time zone,boolean)",etl_api.retry(uuid),etl_api.send_test_event(uuid),"etl_api.test_mapping(uuid,jsonb)",etl_api.trace(uuid)}',
  'the doors: what a person may call and runs with the engine''s rights');
select is(
  array(select c.name from callable as c join pg_proc as p on p.oid = c.oid where not coalesce(p.proconfig::text like '%search_path=%', false)),
  '{}', 'every function has its own search_path');

select * from finish();

-- What a person may call is listed in docs/access.md, and compared by tests/access/functions.test.ts.
select plan(2);

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
  array(select c.name from callable as c join pg_proc as p on p.oid = c.oid where not coalesce(p.proconfig::text like '%search_path=%', false)),
  '{}', 'every function has its own search_path');

select * from finish();

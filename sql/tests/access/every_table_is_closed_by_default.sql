select plan(5);

create temporary table engine_table as
select c.oid, c.oid::regclass::text as name
from pg_class as c
where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
  and c.relkind in ('r', 'p');

select is(array(select e.name from engine_table as e join pg_class as c on c.oid = e.oid where not c.relrowsecurity), '{}',
  'row-level security is on everywhere');
select is(array(select e.name from engine_table as e where not exists (select from pg_policy as p where p.polrelid = e.oid)), '{}',
  'every table has a policy');
select is(
  array(
    select e.name
    from engine_table as e
    where has_any_column_privilege('anon', e.oid, 'select, insert, update') or has_table_privilege('anon', e.oid, 'delete, truncate')),
  '{}', 'anon has no right to any');
select is(
  array(
    select e.name
    from engine_table as e
    where has_table_privilege('authenticated', e.oid, 'truncate, references, trigger')),
  '{}', 'nobody signed in may empty a table or hang something on it');
select is(
  array(select p.polname || ' on ' || p.polrelid::regclass from pg_policy as p where p.polroles <> array['authenticated'::regrole::oid]),
  '{}', 'every policy is for those who are signed in');

select * from finish();

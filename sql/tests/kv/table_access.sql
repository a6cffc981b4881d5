-- Tables that are made of the store keep strangers out like those that ship, before the switch and after it.
select plan(10);

select test_setup.set_up_people();
select etl_api.kv_set_many(test_setup.id('org acme'), (
  select jsonb_object_agg(s.key, s.value) from etl_api.kv_mapping as m cross join jsonb_each(m.sample) as s));
select count(etl_api.kv_migrate(name)) from etl_api.kv_mapping;
create temporary table made as select distinct table_name as name from etl_api.kv_mapping;
-- The answers somebody gets, of all tables.
create function pg_temp.answers(person text, query text, role text default 'authenticated') returns text[]
language sql
as $$
  select array_agg(distinct test_setup.as_user(person, format(query, m.name), role)) from made as m
$$;

select cmp_ok((select count(*) from made), '>=', 26::bigint, 'all of them');
select is(array(select m.name from made as m join pg_class as c on c.oid = format('public.%I', m.name)::regclass where not c.relrowsecurity), '{}', 'each is behind policies');
select is(pg_temp.answers(null, 'select 1 from public.%I', 'anon'), '{42501}', 'who is not signed in reads nothing');
select is(pg_temp.answers('vera', 'select distinct org_id = test_setup.id(''org acme'') from public.%I'), '{(t)}', 'a viewer reads all');
select is(pg_temp.answers('otto', 'select 1 from public.%I'), '{-}', 'a stranger none');
select is(pg_temp.answers('olga', 'delete from public.%I returning 1'), '{42501}', 'nobody writes before the switch');

select count(etl_api.kv_switch(name)) from etl_api.kv_mapping;
select is(pg_temp.answers(p.name, 'delete from public.%I returning 1'), '{-}', p.name || ' deletes nothing')
from (values ('otto'), ('vera')) as p (name);
select is(pg_temp.answers('otto', 'update public.%I set org_id = test_setup.id(''org other'') returning 1'), '{-}', 'a stranger takes nothing');
select is(
  array(
    select p.tablename || ' ' || c.name
    from pg_policies as p
    join made as m on m.name = p.tablename
    join unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) as c (name) on p.cmd in (c.name, 'ALL')
    group by p.tablename, c.name
    having count(*) <> 1),
  '{}', 'one policy a command, each asked once');

select * from finish();

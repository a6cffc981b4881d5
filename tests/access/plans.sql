-- Makes tables of a million rows for tests/access/plans.test.ts. Of each table only what its policies see is kept: the
-- column that says whose a row is, and the indexes that begin with it. A table is filled in about a second then.
create schema plans;
grant usage on schema plans to authenticated;

create function plans.org(n int) returns uuid
language sql immutable
as $$ select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;

create table plans.policy as
select c.oid::regclass as rel,
  c.oid::regclass::text as "table",
  p.polname as name,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
  coalesce(pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)) as expression,
  array(
    select distinct f.refobjid::regproc::text
    from pg_depend as f
    where f.classid = 'pg_policy'::regclass
      and f.objid = p.oid
      and f.refclassid = 'pg_proc'::regclass) as functions,
  o.attname as by,
  exists (select from pg_index as i where i.indrelid = c.oid and i.indkey[0] = o.attnum and i.indpred is null) as indexed
from pg_policy as p
join pg_class as c on c.oid = p.polrelid
left join lateral (
  select a.attname, a.attnum
  from pg_attribute as a
  where a.attrelid = c.oid
    and a.attname = any ('{org_id,organization_id,source_id,id}')
    and not a.attisdropped
  order by array_position('{org_id,organization_id,source_id,id}', a.attname)
  limit 1) as o on true
where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace);

create function plans.drop_references() returns void
language plpgsql
as $$
declare
  r record;
begin
  for r in
    select c.conrelid::regclass as rel, c.conname
    from pg_constraint as c
    where c.contype in ('f', 'c')
      and c.conparentid = 0
      and c.coninhcount = 0
      and c.connamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
      and c.conrelid <> 0
  loop
    execute format('alter table %s drop constraint if exists %I cascade', r.rel, r.conname);
  end loop;
end
$$;

create function plans.fill(rel regclass, by name) returns void
language plpgsql
set session_replication_role = replica
set synchronous_commit = off
set maintenance_work_mem = '64MB'
set max_parallel_maintenance_workers = 0
set default_statistics_target = 10
as $$
declare
  r record;
  kept text[] := '{}';
  may_be_shared boolean;
begin
  for r in
    select i.indexrelid::regclass as index, c.conname,
      case when i.indpred is null and exists (
          select from pg_attribute as a
          where a.attrelid = rel and a.attnum = i.indkey[0] and (a.attname = by or rel = 'public.org_member'::regclass))
        then (
          select format('create index on %s (%s)', rel, string_agg(quote_ident(a.attname), ', ' order by k.n))
          from unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
          join pg_attribute as a on a.attrelid = rel and a.attnum = k.attnum)
      end as again
    from pg_index as i
    left join pg_constraint as c on c.conindid = i.indexrelid and c.conrelid = rel
    where i.indrelid = rel
  loop
    execute case when r.conname is null then format('drop index %s', r.index)
      else format('alter table %s drop constraint %I cascade', rel, r.conname) end;
    if r.again is not null then
      kept := kept || r.again;
    end if;
  end loop;
  select not a.attnotnull into may_be_shared from pg_attribute as a where a.attrelid = rel and a.attname = by;
  for r in
    select a.attname, a.attidentity, a.attgenerated
    from pg_attribute as a
    where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and a.attname <> by
  loop
    execute format(
      case when r.attgenerated <> '' then 'alter table %s drop column %I cascade'
        when r.attidentity <> '' then 'alter table %s alter column %I drop identity, alter column %2$I drop not null'
        else 'alter table %s alter column %I drop default, alter column %2$I drop not null' end, rel, r.attname);
  end loop;
  if (select c.relkind = 'r' and not c.relispartition from pg_class as c where c.oid = rel) then
    execute format('alter table %s set unlogged, set (autovacuum_enabled = off)', rel);
  end if;
  -- A thousand rows for each of a thousand tenants; where rows may be shared, one in a thousand is.
  execute case
    when rel = 'public.org_member'::regclass then
      'insert into public.org_member (org_id, user_id, role) select o.id, gen_random_uuid(), ''viewer'' from (select plans.org(k) as id from generate_series(0, 999) as k) as o
       cross join generate_series(0, 999)'
    when by = 'id' then format('insert into %s (%I) select plans.org(7) union all select gen_random_uuid() from generate_series(2, 1000000) as n', rel, by)
    when may_be_shared then format(
      'insert into %s (%I) select case when n %% 1000 > 0 then o.id end from (select k, plans.org(k) as id from generate_series(0, 999) as k) as o
       cross join generate_series(0, 999) as n', rel, by)
    else format(
      'insert into %s (%I) select o.id from (select plans.org(k) as id from generate_series(0, 999) as k) as o cross join generate_series(0, 999) as n',
      rel, by)
  end;
  -- One is enough, but members are looked up by their own id, too.
  for r in select distinct k.again from unnest(kept) as k (again) order by 1 limit case when rel = 'public.org_member'::regclass then 9 else 1 end loop
    execute r.again;
  end loop;
  execute format('analyze %s', rel);
end
$$;

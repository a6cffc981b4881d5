-- Tries out who may do what with a row of every table, for tests/access/matrix.test.ts. A row of each table and scope is
-- made from the catalog; triggers and foreign keys rest, so that grants and policies alone decide.
create schema probe;

create function probe.id(scope text, thing text) returns uuid
language sql immutable
as $$ select md5(scope || ' ' || thing)::uuid $$;

create table probe.relation as
select c.oid::regclass as rel,
  n.nspname || '.' || c.relname as name,
  c.relname,
  c.relkind,
  -- What belongs to a source belongs to whom the source belongs to.
  exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname in ('org_id', 'organization_id', 'source_id')) as has_org,
  not exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname in ('org_id', 'organization_id') and a.attnotnull) as may_be_shared,
  coalesce((
    select array_agg(a.attname::text order by a.attnum)
    from pg_attribute as a
    where a.attrelid = c.oid
      and (a.attname in ('org_id', 'organization_id')
        or a.attnum = any ((select i.indkey from pg_index as i where i.indrelid = c.oid and i.indisprimary)::int2[]))), '{}') as keys
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('public', 'etl_api')
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and c.relname <> 'schema_migrations'
  and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e');

-- A row that is there: the condition that finds it, and itself.
create table probe.sample (rel regclass, scope text, condition text, row jsonb, primary key (rel, scope));

create function probe.guess(scope text, relname text, col pg_attribute) returns jsonb
language sql
as $$
  select case
    when col.attname in ('org_id', 'organization_id') then to_jsonb(case when scope <> 'shared' then probe.id(scope, 'org') end)
    when col.attname = 'id' and col.atttypid = 'uuid'::regtype then to_jsonb(probe.id(scope, relname))
    when col.attname ~ '_id$' and col.atttypid = 'uuid'::regtype then
      case when col.attnotnull then to_jsonb(probe.id(scope, regexp_replace(col.attname, '_id$', ''))) end
    when col.atthasdef or not col.attnotnull then null
    when col.atttypid = 'uuid'::regtype then to_jsonb(gen_random_uuid())
    when col.atttypid = 'text'::regtype then to_jsonb('x' || md5(random()::text))
    when col.atttypid = 'bytea'::regtype then to_jsonb('\x00'::text)
    when col.atttypid = 'jsonb'::regtype then '{}'::jsonb
    when col.atttypid = 'regclass'::regtype then to_jsonb('public.org'::text)
    when (select t.typtype = 'e' from pg_type as t where t.oid = col.atttypid) then
      to_jsonb((select e.enumlabel from pg_enum as e where e.enumtypid = col.atttypid order by e.enumsortorder limit 1))
    when (select t.typcategory = 'A' from pg_type as t where t.oid = col.atttypid) then '["x"]'::jsonb
    when (select t.typcategory = 'D' from pg_type as t where t.oid = col.atttypid) then to_jsonb(now())
    when col.atttypid = 'boolean'::regtype then 'true'::jsonb
    else '1'::jsonb
  end
$$;

-- One row for each scope; what a check demands is said by hand.
create function probe.make_sample(rel regclass, scope text, by_hand jsonb) returns void
language plpgsql
as $$
declare
  r constant probe.relation := (select t from probe.relation as t where t.rel = make_sample.rel);
  columns text[];
  row jsonb;
begin
  if not r.has_org and r.name <> 'public.org' then
    execute format('select to_jsonb(t) from %s as t where to_jsonb(t) @> $1 limit 1', rel) into row using by_hand;
  end if;
  if row is null then
    select array_agg(a.attname::text), coalesce(jsonb_object_agg(a.attname, a.value), '{}') into columns, row
    from (
      select a.attname, coalesce(by_hand -> a.attname, probe.guess(scope, r.relname, a)) as value
      from pg_attribute as a
      where a.attrelid = rel
        and a.attnum > 0
        and not a.attisdropped
        and a.attgenerated = ''
        and a.attidentity = '') as a
    where a.value is not null;
    execute format('insert into %1$s as t (%2$s) select %2$s from jsonb_populate_record(null::%1$s, $1) as r returning to_jsonb(t)', rel,
      (select string_agg(quote_ident(c), ', ') from unnest(columns) as c)) using row into row;
  end if;
  insert into probe.sample
  values (rel, scope, (
    select string_agg(format(case when row ->> k is null then '%I is null' else '%I = %L' end, k, row ->> k), ' and ')
    from unnest(case when r.name = 'public.org' then array['id'] else r.keys end) as k), row);
end
$$;

-- What comes of a statement: how many rows it met, or its SQLSTATE; nothing of it stays.
create function probe.outcome(person uuid, role text, statement text, before text default null) returns text
language plpgsql
as $$
declare
  n bigint;
begin
  perform set_config('session_replication_role', 'replica', true);
  if before is not null then
    execute before;
  end if;
  perform set_config('request.jwt.claims',
    case when person is null then '' else jsonb_build_object('sub', person, 'role', role)::text end, true);
  perform set_config('role', role, true);
  if statement like 'select%' then
    execute statement into n;
  else
    execute statement;
    get diagnostics n = row_count;
  end if;
  raise exception using errcode = 'PROBE', message = n::text;
exception
  when sqlstate 'PROBE' then return sqlerrm;
  when others then return sqlstate;
end
$$;

-- The columns of a table that a role may write in some way, generated ones not.
create function probe.columns(rel regclass, role text, privilege text) returns text[]
language sql stable
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_attribute as a
  where a.attrelid = rel
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attidentity <> 'a'
    and has_column_privilege(role, rel, a.attnum, privilege)
$$;

-- A letter for each thing that a person can do with a row: r(ead), i(nsert), u(pdate), d(elete).
create function probe.letters(rel regclass, scope text, person uuid, role text) returns text
language plpgsql
as $$
declare
  s constant probe.sample := (select t from probe.sample as t where t.rel = letters.rel and t.scope = letters.scope);
  any_column constant text := (select a.attname from pg_attribute as a
    where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = '' order by a.attnum limit 1);
  inserted constant text := (
    select string_agg(quote_ident(c), ', ') from unnest(coalesce(nullif(probe.columns(rel, role, 'insert'), '{}'), array[any_column])) as c);
  updated constant text := quote_ident(coalesce((probe.columns(rel, role, 'update'))[1], any_column));
begin
  return (
    select string_agg(t.letter, '' order by t.n)
    from (
      values
        (1, 'r', format('select count(*) from %s where %s', rel, s.condition), null),
        (2, 'i', format('insert into %s (%s) select %2$s from jsonb_populate_record(null::%1$s, %3$L) as r', rel, inserted, s.row),
          format('delete from %s where %s', rel, s.condition)),
        (3, 'u', format('update %s set %s = %2$s where %3$s', rel, updated, s.condition), null),
        (4, 'd', format('delete from %s where %s', rel, s.condition), null)
    ) as t (n, letter, statement, before)
    where probe.outcome(person, role, t.statement, t.before) = '1');
end
$$;

-- Whether each column can really be written, one after the other.
create function probe.written(rel regclass, person uuid, privilege text) returns text[]
language sql
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_attribute as a
  join probe.sample as s on s.rel = written.rel and s.scope = 'own'
  where a.attrelid = written.rel
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attidentity <> 'a'
    and probe.outcome(person, 'authenticated', case privilege
        when 'update' then format('update %s set %I = %2$I where %s', s.rel, a.attname, s.condition)
        -- org_id stands beside it, since policies ask for it.
        else format('insert into %s (%s) select %2$s from jsonb_populate_record(null::%1$s, %3$L) as r', s.rel,
          (select string_agg(quote_ident(c), ', ') from unnest(
            array_remove(probe.columns(s.rel, 'authenticated', 'insert'), a.attname::text) || a.attname::text) as c), s.row)
      end,
      case privilege when 'insert' then format('delete from %s where %s', s.rel, s.condition) end) = '1'
$$;

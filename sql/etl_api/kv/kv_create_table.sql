create or replace function etl_api.kv_create_table(mapping etl_api.kv_mapping) returns void
language plpgsql
set search_path = ''
set client_min_messages = warning
as $$
-- Names are of small letters, digits and "_", by check constraints, and quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  columns constant text := (
    select pg_catalog.string_agg(pg_catalog.format('%I %s%s', c.name, c.column_type, case when c.is_key then ' not null' else '' end), ', ' order by c.place)
    from etl_api.kv_columns(mapping) as c);
  key_columns constant text := (
    select pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) from etl_api.kv_columns(mapping) as c where c.is_key);
  c record;
begin
  -- Several mappings may fill one table: what it has it keeps, what it lacks it gets.
  if pg_catalog.to_regclass(pg_catalog.format('public.%I', mapping.table_name)) is null then
    execute pg_catalog.format(
      'create table public.%I (org_id uuid not null references public.org (id) on delete cascade, %s, rest jsonb not null, expires_at timestamptz, primary key (org_id, %s))',
      mapping.table_name, columns, key_columns);
    execute pg_catalog.format('comment on table public.%I is %L', mapping.table_name,
      pg_catalog.format('Made of %s in the key-value store by the mapping %s.', mapping.key_pattern, mapping.name));
    execute pg_catalog.format('comment on column public.%I.rest is %L', mapping.table_name,
      'What no column holds: members without a column, and values that did not fit theirs.');
    execute pg_catalog.format('alter table public.%I enable row level security', mapping.table_name);
    execute pg_catalog.format('revoke all on public.%I from public, anon, authenticated, service_role', mapping.table_name);
    execute pg_catalog.format('grant select on public.%I to authenticated, service_role', mapping.table_name);
    execute pg_catalog.format(
      'create policy members_read on public.%I for select to authenticated using (org_id = any (array(select etl_api.my_orgs())))',
      mapping.table_name);
  elsif not exists (
    select 1
    from etl_api.kv_mapping as m
    where m.table_name = mapping.table_name
      and m.apply_sql is not null)
  then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('there is a table public.%s already, and no mapping made it', mapping.table_name),
      hint = 'Give the mapping another table_name.';
  end if;

  -- A loop over columns: each is a statement of its own.
  for c in
    select k.*, r.table_name as parent_table, r.key_name as parent_key
    from etl_api.kv_columns(mapping) as k
    left join lateral (
      select m.table_name, p.name as key_name
      from etl_api.kv_mapping as m
      cross join lateral etl_api.kv_columns(m) as p
      where m.name = k.refers_to
        and p.is_key
    ) as r on true
    order by k.place
  loop
    execute pg_catalog.format('alter table public.%I add column if not exists %I %s', mapping.table_name, c.name, c.column_type);
    if c.is_indexed or c.parent_table is not null then
      execute pg_catalog.format('create index if not exists %I on public.%I (org_id, %I)',
        mapping.table_name || '_' || c.name || '_idx', mapping.table_name, c.name);
    end if;
    -- Kept as it is when its parent goes: etl_api.kv_apply looks to it first, so this never fires on its own.
    if c.parent_table is not null and not exists (
      select 1 from pg_catalog.pg_constraint as k
      where k.conname = mapping.table_name || '_' || c.name || '_fkey'
        and k.conrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', mapping.table_name)))
    then
      execute pg_catalog.format(
        'alter table public.%I add constraint %I foreign key (org_id, %I) references public.%I (org_id, %I) deferrable initially deferred',
        mapping.table_name, mapping.table_name || '_' || c.name || '_fkey', c.name, c.parent_table, c.parent_key);
    end if;
  end loop;
end
$$;

comment on function etl_api.kv_create_table(etl_api.kv_mapping) is
  'Makes the typed table of a mapping, with its key, references, indexes and row level security, or adds to it what it lacks. ETL07: another table has its name.';

revoke execute on function etl_api.kv_create_table(etl_api.kv_mapping) from public;

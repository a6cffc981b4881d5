create or replace function etl_api.make_table_view(table_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
-- The columns are made by format with quoted names, in a function of their own, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false
declare
  of_table constant public.tables := (select t from public.tables as t where t.id = make_table_view.table_id);
  -- Found by its comment: the table may have been called otherwise when it was made.
  there constant name := (
    select c.relname
    from pg_catalog.pg_class as c
    join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_catalog.pg_class'::regclass
    where c.relkind = 'v'
      and c.relnamespace = 'public'::regnamespace
      and c.relname ^@ ('records_' || pg_catalog."left"(make_table_view.table_id::text, 8))
      and d.description ^@ ('The records of table ' || make_table_view.table_id)
    limit 1);
  called constant text := etl_api.table_view_name(of_table.id, of_table.name);
  names constant text[] := array(
    select c.name from public.table_columns as c
    where c.table_id = of_table.id and c.name not in ('company_name', 'name', 'email')
    order by c.display_order, c.created_at, c.name collate "C");
  columns constant text := (
    select pg_catalog.string_agg(', ' || etl_api.view_column(c.name, c.type, c.format, n.called), '' order by n.place)
    from unnest(names, etl_api.view_column_names(names)) with ordinality as n (name, called, place)
    join public.table_columns as c on c.table_id = of_table.id and c.name = n.name);
begin
  if there is not null and (of_table.id is null or of_table.deleted_at is not null or there <> called) then
    execute pg_catalog.format('drop view public.%I', there);
  end if;
  if of_table.id is null or of_table.deleted_at is not null then
    return;
  end if;
  -- Of an id only the beginning is in the name, and whoever makes a table chooses its id: what is another's stays.
  if exists (
    select 1
    from pg_catalog.pg_class as c
    where c.relnamespace = 'public'::regnamespace
      and c.relname = called
      and c.relname is distinct from there)
  then
    perform etl_api.logger('warn', 'records', 'The view of a table could not be made: its name is taken.',
      pg_catalog.jsonb_build_object('table_id', table_id, 'view', called), of_table.organization_id);
    return;
  end if;
  begin
    execute pg_catalog.format(
      'create or replace view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  exception when invalid_table_definition then
    -- Only new columns at the end go without this.
    execute pg_catalog.format('drop view public.%I', called);
    execute pg_catalog.format(
      'create view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  end;
  execute pg_catalog.format('comment on view public.%I is %L', called,
    pg_catalog.format('The records of table %s, typed; made anew when its columns change.', of_table.id));
  execute pg_catalog.format('revoke all on public.%I from public, anon, authenticated, service_role', called);
  execute pg_catalog.format('grant select on public.%I to authenticated, service_role', called);
exception when dependent_objects_still_exist then
  -- What others have built upon it must not stop records from coming in.
  perform etl_api.logger('warn', 'records', 'The view of a table could not be made anew: something depends on it.',
    pg_catalog.jsonb_build_object('table_id', table_id, 'view', coalesce(there, called)), of_table.organization_id);
end
$$;

comment on function etl_api.make_table_view(uuid) is
  'Makes the view of a table anew, or drops that of one that is gone. Where something depends on a view that would have to go, it stays as it was, and the log says so.';

revoke execute on function etl_api.make_table_view(uuid) from public;

create or replace function etl_api.kv_switch(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
set client_min_messages = warning
as $$
-- The table's name is of small letters, digits and "_", and quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_switch.name);
  report jsonb := etl_api.kv_follow(mapping.name);
  command text;
begin
  update etl_api.kv_mapping as m
  set state = 'switched'
  where m.name = mapping.name;
  execute pg_catalog.format('grant insert, update, delete on public.%I to authenticated, service_role', mapping.table_name);
  -- A policy for each, so that reading asks one policy only; before there was one for all.
  execute pg_catalog.format('drop policy if exists members_write on public.%I', mapping.table_name);
  foreach command in array '{insert,update,delete}'::text[] loop
    execute pg_catalog.format('drop policy if exists %I on public.%I', 'members_' || command, mapping.table_name);
    execute pg_catalog.format('create policy %I on public.%I for %s to authenticated %s (org_id = any (array(select etl_api.my_orgs(%L))))',
      'members_' || command, mapping.table_name, command, case command when 'insert' then 'with check' else 'using' end,
      '{owner,admin,member}');
  end loop;
  return report;
end
$$;

comment on function etl_api.kv_switch(text) is
  'Lets a mapping''s table take over: what is stored is moved a last time, owners, admins and members may write the table, and the store refuses these keys from then on (what it has stays, to be deleted when nobody reads it any more). Returns the last report; errors as of kv_migrate.';

revoke execute on function etl_api.kv_switch(text) from public;
grant execute on function etl_api.kv_switch(text) to service_role;

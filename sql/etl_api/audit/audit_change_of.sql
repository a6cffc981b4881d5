create or replace function etl_api.audit_change_of(table_name text, key_columns text[], left_out text[], old jsonb, new jsonb)
returns etl_api.audit_change
language sql immutable
set search_path = ''
as $$
  select row(
    -- An org is its own tenant; the stores call it organization_id.
    case
      when table_name = 'public.org' then (coalesce(new, old) ->> 'id')::uuid
      else coalesce(coalesce(new, old) ->> 'org_id', coalesce(new, old) ->> 'organization_id')::uuid
    end,
    table_name,
    etl_api.audit_key(coalesce(new, old), key_columns),
    case when old is null then 'insert' when new is null then 'delete' else 'update' end,
    case when old is null then null when new is null then old - left_out else (
      select pg_catalog.jsonb_object_agg(o.key, o.value)
      from pg_catalog.jsonb_each(old - left_out) as o
      where o.value is distinct from new -> o.key)
    end,
    case when new is null then null when old is null then new - left_out else (
      select pg_catalog.jsonb_object_agg(n.key, n.value)
      from pg_catalog.jsonb_each(new - left_out) as n
      where n.value is distinct from old -> n.key)
    end
  )::etl_api.audit_change
$$;

comment on function etl_api.audit_change_of(text, text[], text[], jsonb, jsonb) is
  'What happened to a row, for the audit log, without the columns left_out; old and new are null when nothing else changed.';

revoke execute on function etl_api.audit_change_of(text, text[], text[], jsonb, jsonb) from public;

create or replace function etl_api.note_schema_changes(
  org_id uuid, store text, target text, added jsonb, widened jsonb default '[]', by uuid default null) returns void
language sql
set search_path = ''
as $$
  insert into etl_api.schema_change (org_id, store, target, field, change, from_type, to_type, details, at, by)
  select note_schema_changes.org_id, note_schema_changes.store, note_schema_changes.target, c.value ->> 'name',
    case when c.is_new then 'added' when c.value ->> 'from' = c.value ->> 'to' then 'options' else 'widened' end,
    c.value ->> 'from', coalesce(c.value ->> 'to', c.value ->> 'type'),
    nullif(pg_catalog.jsonb_strip_nulls(c.value - '{name,type,from,to}'::text[]), '{}'), utils.now(), note_schema_changes.by
  from (
    select a.value, true as is_new, a.place
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    union all
    select w.value, false, w.place
    from pg_catalog.jsonb_array_elements(widened) with ordinality as w (value, place)
  ) as c
  order by c.is_new desc, c.place
$$;

comment on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) is
  'Writes down what landing changed about a target: added and widened as etl_api.plan_landing gives them, but only what was really changed: of two who add the same field at once, only the first.';

revoke execute on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) from public;
grant execute on function etl_api.note_schema_changes(uuid, text, text, jsonb, jsonb, uuid) to service_role;

create or replace function etl_api.legacy_state(word text, out state text, out substate text)
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- Old word → state, or state/substate. Two of the old words say a substate in the state's name.
  words constant jsonb := '{
    "pending": "new",
    "validation": "valid",
    "activity_processed": "ready",
    "running": "in_progress",
    "processing": "in_progress",
    "completed": "done",
    "missing_value": "invalid/missing_value",
    "invalid_missing_value": "invalid/missing_value",
    "invalid_json": "invalid/invalid_json",
    "new": "new", "valid": "valid", "invalid": "invalid", "waiting": "waiting", "ready": "ready",
    "in_progress": "in_progress", "timedout": "timedout", "failed": "failed", "done": "done",
    "delivered": "delivered"
  }'::jsonb;
  meaning constant text := words ->> pg_catalog.lower(pg_catalog.btrim(word));
begin
  if meaning is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('%L is no state word that was ever in use', word),
      hint = 'Known are: ' || (
        select pg_catalog.string_agg(w.name, ', ' order by w.name)
        from pg_catalog.jsonb_object_keys(words) as w (name)) || '.';
  end if;
  state := pg_catalog.split_part(meaning, '/', 1);
  substate := nullif(pg_catalog.split_part(meaning, '/', 2), '');
end
$$;

comment on function etl_api.legacy_state(text) is
  'State and substate that a status word of earlier systems stands for (pending, running, missing_value, DONE, …), whatever its case. ETL04: unknown word.';

revoke execute on function etl_api.legacy_state(text) from public;
grant execute on function etl_api.legacy_state(text) to authenticated, service_role;

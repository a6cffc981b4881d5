create or replace function etl_api.kv_written(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  -- The parts that keys begin with: few, whatever the number of keys.
  heads constant text[] := case when pg_catalog.cardinality(keys) = 1 then array[pg_catalog.split_part(keys[1], ':', 1)]
    else array(select distinct pg_catalog.split_part(k.key, ':', 1) from unnest(keys) as k (key)) end;
begin
  -- Most keys belong to no list and no mapping.
  if exists (select from etl_api.kv_index as i where i.of_head = any (heads) or i.name_head = any (heads)) then
    perform etl_api.kv_keep_lists(org_id, keys);
  end if;
  if exists (select from etl_api.kv_mapping as m where m.head = any (heads) and m.state <> 'off') then
    perform etl_api.kv_note_changes(org_id, keys);
  end if;
end
$$;

comment on function etl_api.kv_written(uuid, text[]) is
  'What follows a write to keys of the store, in the same transaction: their lists, and their typed tables.';

revoke execute on function etl_api.kv_written(uuid, text[]) from public;

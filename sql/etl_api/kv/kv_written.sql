create or replace function etl_api.kv_written(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Most keys belong to no list and no mapping.
  if exists (select from etl_api.kv_index) then
    perform etl_api.kv_keep_lists(org_id, keys);
  end if;
  if exists (select from etl_api.kv_mapping as m where m.state <> 'off') then
    perform etl_api.kv_note_changes(org_id, keys);
  end if;
end
$$;

comment on function etl_api.kv_written(uuid, text[]) is
  'What follows a write to keys of the store, in the same transaction: their lists, and their typed tables.';

revoke execute on function etl_api.kv_written(uuid, text[]) from public;

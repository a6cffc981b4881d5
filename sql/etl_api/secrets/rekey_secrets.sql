create or replace function etl_api.rekey_secrets(resealed jsonb) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  given record;
  changed int := 0;
begin
  -- One by one: an entry of the Vault is changed by a call, and there are few.
  for given in
    select s.id, s.vault_id, r.value, r.new_key
    from pg_catalog.jsonb_to_recordset(resealed) as r (id uuid, value text, old_key text, new_key text)
    join etl_api.secret as s
      on s.id = r.id
      and s.key_id = r.old_key
      and s.state <> 'revoked'
    where r.value <> ''
      and r.new_key <> ''
    order by s.id
    for update of s
  loop
    if given.vault_id is not null then
      execute 'select vault.update_secret($1, $2)' using given.vault_id, given.value;
    end if;
    update etl_api.secret as s
    set key_id = given.new_key,
        ciphertext = case when s.storage = 'table' then pg_catalog.decode(given.value, 'base64') end
    where s.id = given.id;
    changed := changed + 1;
  end loop;
  return changed;
end
$$;

comment on function etl_api.rekey_secrets(jsonb) is
  'Takes secrets that were sealed anew: [{"id", "value", "old_key", "new_key"}]. One whose key is no longer old_key, or that was revoked, stays as it is. Returns how many were changed.';

revoke execute on function etl_api.rekey_secrets(jsonb) from public;
grant execute on function etl_api.rekey_secrets(jsonb) to service_role;

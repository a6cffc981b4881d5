create or replace function etl_api.secrets_to_rekey(new_key text, max_secrets int default 100)
returns table (id uuid, scope text, name text, version int, key_id text, value text)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with found as materialized (
    select s.id, s.org_id, s.name, s.version, s.key_id, s.ciphertext, s.vault_id
    from etl_api.secret as s
    where s.state <> 'revoked'
      and s.key_id <> new_key
    order by s.id
    limit max_secrets
  )
  select f.id, coalesce(f.org_id::text, 'shared'), f.name, f.version, f.key_id,
    coalesce(v.value, pg_catalog.translate(pg_catalog.encode(f.ciphertext, 'base64'), E'\n', ''))
  from found as f
  left join etl_api.vault_values(array(select f.vault_id from found as f where f.vault_id is not null)) as v
    on v.id = f.vault_id
  order by f.id;
end
$$;

comment on function etl_api.secrets_to_rekey(text, int) is
  'Sealed secrets that lie under another key than new_key, to be sealed anew: see etl_api.rekey_secrets.';

revoke execute on function etl_api.secrets_to_rekey(text, int) from public;
grant execute on function etl_api.secrets_to_rekey(text, int) to service_role;

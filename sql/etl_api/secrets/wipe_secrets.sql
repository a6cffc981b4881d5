create or replace function etl_api.wipe_secrets(ids uuid[], by_whom text) returns int
language plpgsql
set search_path = ''
as $$
declare
  entries uuid[];
  wiped int;
begin
  with live as (
    select s.id, s.vault_id
    from etl_api.secret as s
    where s.id = any (ids)
      and s.state <> 'revoked'
    order by s.id
    for update
  ), gone as (
    update etl_api.secret as s
    set state = 'revoked',
        revoked_at = utils.now(),
        revoked_by = coalesce(by_whom, etl_api.caller_name()),
        ciphertext = null,
        vault_id = null
    from live
    where s.id = live.id
    returning live.vault_id
  )
  select pg_catalog.count(*), pg_catalog.array_agg(g.vault_id) filter (where g.vault_id is not null)
  into wiped, entries
  from gone as g;
  perform etl_api.drop_vault_entries(entries);
  return wiped;
end
$$;

comment on function etl_api.wipe_secrets(uuid[], text) is
  'Revokes versions of secrets and throws their values away, here and in the Vault. Returns how many were not revoked yet.';

revoke execute on function etl_api.wipe_secrets(uuid[], text) from public;

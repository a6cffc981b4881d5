create or replace function etl_api.lock_free_orgs(org_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
begin
  -- Above this level a row that has changed since the transaction began cannot be taken without an error.
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    return '{}'::uuid[];
  end if;
  return array(
    select o.id
    from public.org as o
    where o.id = any (org_ids)
    for no key update skip locked);
end
$$;

comment on function etl_api.lock_free_orgs(uuid[]) is
  'Takes the rows of those of these orgs that nobody else holds, without waiting, and returns their ids: the counters are theirs to write until the transaction ends.';

revoke execute on function etl_api.lock_free_orgs(uuid[]) from public;
grant execute on function etl_api.lock_free_orgs(uuid[]) to service_role;

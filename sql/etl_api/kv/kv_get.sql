create or replace function etl_api.kv_get(org_id uuid, key text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  stored jsonb;
begin
  select s.value into stored
  from public.kv_store as s
  where s.org_id = kv_get.org_id
    and s.key = kv_get.key
    and (s.expires_at is null or s.expires_at > utils.now());
  if found then
    return stored;
  end if;
  return (
    select l.value
    from etl_api.kv_get_many(org_id, array[key]) as l);
end
$$;

comment on function etl_api.kv_get(uuid, text) is
  'The value under a key of an org''s store; under the key of a list (kv_index) its members. Null when there is nothing, or nothing that the caller may see.';

revoke execute on function etl_api.kv_get(uuid, text) from public;
grant execute on function etl_api.kv_get(uuid, text) to authenticated, service_role;

create or replace function etl_api.kv_delete_many(org_id uuid, keys text[]) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  deleted bigint;
begin
  if kv_delete_many.org_id is null or etl_api.may_request(kv_delete_many.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_delete_many.org_id);
  end if;
  with held as materialized (
    select s.key, s.expires_at
    from public.kv_store as s
    where s.org_id = kv_delete_many.org_id
      and s.key = any (keys)
    order by s.key
    for update
  ),
  gone as (
    delete from public.kv_store as s
    using held as h
    where s.org_id = kv_delete_many.org_id
      and s.key = h.key
    returning h.expires_at
  )
  select pg_catalog.count(*) filter (where g.expires_at is null or g.expires_at > moment) into deleted
  from gone as g;
  perform etl_api.kv_written(org_id, keys);
  return deleted;
end
$$;

comment on function etl_api.kv_delete_many(uuid, text[]) is
  'Deletes these keys of an org''s store. Returns how many were there. ETL06: the caller may not.';

revoke execute on function etl_api.kv_delete_many(uuid, text[]) from public;
grant execute on function etl_api.kv_delete_many(uuid, text[]) to authenticated, service_role;

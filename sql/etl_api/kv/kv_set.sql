create or replace function etl_api.kv_set(org_id uuid, key text, value jsonb, expires_in interval default null) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  if kv_set.org_id is null or etl_api.may_request(kv_set.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_set.org_id);
  end if;
  if coalesce(pg_catalog.octet_length(key), 0) not between 1 and 1024 or value is null or expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = case
        when key is null then 'key is null: it must be a text'
        when key = '' then 'key is empty: it must be a text of 1 to 1024 bytes'
        when pg_catalog.octet_length(key) > 1024 then
          pg_catalog.format('key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(key), pg_catalog."left"(key, 40))
        when value is null then pg_catalog.format('value is null for %s: it must be JSON', key)
        else pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in)
      end,
      hint = 'A JSON null is ''null''::jsonb; use etl_api.kv_delete for what goes.';
  end if;
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  select o.id, kv_set.key, kv_set.value, moment + expires_in, moment, moment
  from public.org as o
  where o.id = kv_set.org_id
  for key share
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.version into written;
  if written is null then
    perform etl_api.kv_refuse_org(org_id);
  end if;
  -- Most keys belong to no list and no mapping.
  if exists (select from etl_api.kv_index as i where pg_catalog.split_part(kv_set.key, ':', 1) in (i.of_head, i.name_head))
    or exists (
      select from etl_api.kv_mapping as m
      where m.head = pg_catalog.split_part(kv_set.key, ':', 1)
        and m.state <> 'off')
  then
    perform etl_api.kv_written(org_id, array[key]);
  end if;
  return written;
end
$$;

comment on function etl_api.kv_set(uuid, text, jsonb, interval) is
  'Writes a value under a key of an org''s store and returns its version; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. ETL04: null org or value, a key that is null, empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set(uuid, text, jsonb, interval) from public;
grant execute on function etl_api.kv_set(uuid, text, jsonb, interval) to authenticated, service_role;

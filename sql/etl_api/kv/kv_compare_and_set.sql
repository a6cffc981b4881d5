create or replace function etl_api.kv_compare_and_set(
  org_id uuid, key text, expected_version bigint, value jsonb, expires_in interval default null)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  written bigint;
begin
  if kv_compare_and_set.org_id is null or etl_api.may_request(kv_compare_and_set.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_compare_and_set.org_id);
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

  if expected_version is null then
    -- What has expired is not there.
    insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
    select o.id, kv_compare_and_set.key, kv_compare_and_set.value, moment + expires_in, moment, moment
    from public.org as o
    where o.id = kv_compare_and_set.org_id
    for key share
    on conflict (org_id, key) do update
    set value = excluded.value,
        version = excluded.version,
        expires_at = excluded.expires_at,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at
    where s.expires_at <= moment
    returning s.version into written;
    if written is null then
      perform etl_api.kv_refuse_org(org_id);
    end if;
  else
    update public.kv_store as s
    set value = kv_compare_and_set.value,
        version = default,
        expires_at = moment + expires_in,
        updated_at = moment
    where s.org_id = kv_compare_and_set.org_id
      and s.key = kv_compare_and_set.key
      and s.version = expected_version
      and (s.expires_at is null or s.expires_at > moment)
    returning s.version into written;
  end if;
  -- As in kv_set.
  if written is not null and (
      exists (
        select from etl_api.kv_index as i
        where pg_catalog.split_part(kv_compare_and_set.key, ':', 1) in (i.of_head, i.name_head))
      or exists (
        select from etl_api.kv_mapping as m
        where m.head = pg_catalog.split_part(kv_compare_and_set.key, ':', 1)
          and m.state <> 'off'))
  then
    perform etl_api.kv_written(org_id, array[key]);
  end if;
  return written;
end
$$;

comment on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) is
  'Writes a value only if the key still has the version expected (null: if nothing is there). Returns the new version; null, and nothing written, when somebody was faster. Errors as of kv_set.';

revoke execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) from public;
grant execute on function etl_api.kv_compare_and_set(uuid, text, bigint, jsonb, interval) to authenticated, service_role;

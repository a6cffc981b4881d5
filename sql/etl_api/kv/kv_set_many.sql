create or replace function etl_api.kv_set_many(org_id uuid, entries jsonb, expires_in interval default null)
returns table (key text, version bigint)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  heads text[];
  odd_key text;
begin
  if kv_set_many.org_id is null or etl_api.may_request(kv_set_many.org_id) is not true then
    perform etl_api.kv_refuse_writer(kv_set_many.org_id);
  end if;
  if pg_catalog.jsonb_typeof(entries) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('entries is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(entries), 'null')),
      hint = 'Give {"key": value, …}.';
  elsif expires_in <= interval '0' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('expires_in is %s: it must be more than nothing', expires_in),
      hint = 'Leave it out for what stays; use etl_api.kv_delete for what goes.';
  end if;
  -- Keys are many, the parts that they begin with few.
  select pg_catalog.array_agg(h.head), pg_catalog.min(h.odd_key) into heads, odd_key
  from (
    select pg_catalog.split_part(k.key, ':', 1) as head,
      pg_catalog.min(k.key) filter (where k.key = '' or pg_catalog.octet_length(k.key) > 1024) as odd_key
    from pg_catalog.jsonb_object_keys(entries) as k (key)
    group by 1
  ) as h;
  if odd_key is not null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('a key has %s bytes: it must have 1 to 1024 (%s…)', pg_catalog.octet_length(odd_key), pg_catalog."left"(odd_key, 40)),
      hint = 'Nothing of this call was written.';
  end if;

  -- In the order of the keys, as everybody takes the rows.
  return query
  with held as materialized (
    select o.id
    from public.org as o
    where o.id = kv_set_many.org_id
    for key share
  )
  insert into public.kv_store as s (org_id, key, value, expires_at, created_at, updated_at)
  select h.id, e.key, e.value, moment + expires_in, moment, moment
  from held as h
  cross join pg_catalog.jsonb_each(entries) as e
  order by e.key collate "C"
  on conflict (org_id, key) do update
  set value = excluded.value,
      version = excluded.version,
      expires_at = excluded.expires_at,
      updated_at = excluded.updated_at
  returning s.key, s.version;
  if not found then
    perform etl_api.kv_refuse_org(kv_set_many.org_id);
  end if;
  -- As in kv_set.
  if exists (select from etl_api.kv_index as i where i.of_head = any (heads) or i.name_head = any (heads))
    or exists (select from etl_api.kv_mapping as m where m.head = any (heads) and m.state <> 'off')
  then
    perform etl_api.kv_written(org_id, array(select k.key from pg_catalog.jsonb_object_keys(entries) as k (key)));
  end if;
end
$$;

comment on function etl_api.kv_set_many(uuid, jsonb, interval) is
  'Writes {"key": value, …} into an org''s store, all or nothing, in one statement; what was there is replaced. expires_in: after that it is as if it had never been there; null: it stays. Returns the new versions. ETL04: null org, not an object, a key that is empty or longer than 1,024 bytes, bad expires_in; ETL05: the key of a list (kv_index); ETL06: the caller may not.';

revoke execute on function etl_api.kv_set_many(uuid, jsonb, interval) from public;
grant execute on function etl_api.kv_set_many(uuid, jsonb, interval) to authenticated, service_role;

create or replace function etl_api.kv_list(org_id uuid, prefix text, after text default null, max_keys int default 100)
returns table (key text, value jsonb, version bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  behind constant text := utils.prefix_end(prefix);
begin
  if prefix is null or max_keys is null or max_keys not between 1 and 10000 then
    raise exception using
      errcode = 'ETL04',
      message = case when prefix is null then 'prefix is null: it must be a text'
        else pg_catalog.format('max_keys is %s: it must be from 1 to 10000', coalesce(max_keys::text, 'null')) end,
      hint = 'An empty prefix lists all; give the last key of a page as "after" for the next.';
  end if;
  return query
  select s.key, s.value, s.version
  from public.kv_store as s
  where s.org_id = kv_list.org_id
    and s.key >= prefix
    and (behind is null or s.key < behind)
    and (kv_list.after is null or s.key > kv_list.after)
    and (s.expires_at is null or s.expires_at > utils.now())
  order by s.key
  limit max_keys;
end
$$;

comment on function etl_api.kv_list(uuid, text, text, int) is
  'The keys of an org''s store that begin with the prefix, in the order of their bytes, at most max_keys (1 to 10000) behind the key "after"; only what the caller may see. ETL04: bad argument.';

revoke execute on function etl_api.kv_list(uuid, text, text, int) from public;
grant execute on function etl_api.kv_list(uuid, text, text, int) to authenticated, service_role;

create or replace function etl_api.kv_keep_lists(org_id uuid, keys text[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  lists_own boolean;
  lists_of boolean;
  kept_key text;
  entries etl_api.kv_index_entry[];
begin
  -- The parts that keys begin with are few, whatever their number.
  select pg_catalog.bool_or(i.name_head = h.head), pg_catalog.bool_or(i.of_head = h.head)
  into lists_own, lists_of
  from (select distinct pg_catalog.split_part(k.key, ':', 1) as head from unnest(keys) as k (key)) as h
  join etl_api.kv_index as i
    on h.head in (i.name_head, i.of_head)
    and (i.org_id is null or i.org_id = kv_keep_lists.org_id);

  if lists_own then
    select k.key into kept_key
    from unnest(keys) as k (key)
    join etl_api.kv_index as i
      on i.name_head = pg_catalog.split_part(k.key, ':', 1)
      and (i.org_id is null or i.org_id = kv_keep_lists.org_id)
    where k.key ~ (utils.key_pattern(i.name)).matcher
    limit 1;
    if found then
      raise exception using
        errcode = 'ETL05',
        message = pg_catalog.format('%s is a list that the database keeps', kept_key),
        hint = 'Leave this key out: write and delete what it lists, and read it with etl_api.kv_get.';
    end if;
  end if;
  if lists_of is not true then
    return;
  end if;

  -- Who writes a key holds its row until the end, so its entries are whose the row is. Where a value changed and its
  -- place in the lists did not, nothing is written.
  entries := array(
    select row(e.org_id, e.index_key, e.member, e.index_id, e.key, e.place)::etl_api.kv_index_entry
    from etl_api.kv_entries(array(
      select s
      from unnest(keys) with ordinality as k (key, place)
      join public.kv_store as s
        on s.org_id = kv_keep_lists.org_id
        and s.key = k.key
      order by k.place)) as e);
  delete from etl_api.kv_index_entry as e
  where e.org_id = kv_keep_lists.org_id
    and e.key = any (keys)
    and not exists (
      select 1
      from unnest(entries) as n
      where n.key = e.key
        and n.index_key = e.index_key
        and n.index_id = e.index_id);
  insert into etl_api.kv_index_entry (org_id, index_key, member, index_id, key)
  select n.org_id, n.index_key, n.member, n.index_id, n.key
  from unnest(entries) as n
  order by n.seq
  on conflict do nothing;
end
$$;

comment on function etl_api.kv_keep_lists(uuid, text[]) is
  'Brings the lists of kv_index up to what is stored under these keys now. Called after each write, which holds the table, so that a list made at the same time is seen. ETL05: one of them is the key of a list.';

revoke execute on function etl_api.kv_keep_lists(uuid, text[]) from public;

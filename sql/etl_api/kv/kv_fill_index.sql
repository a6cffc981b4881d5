create or replace function etl_api.kv_fill_index() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  stored_key text;
begin
  -- Writers who began before cannot know of the new list: they end first, and later ones see it.
  lock table public.kv_store in share row exclusive mode;
  select s.key into stored_key
  from new_rows as n
  join public.kv_store as s
    on s.key >= n.name_head
    and s.key < utils.prefix_end(n.name_head)
    and (n.org_id is null or s.org_id = n.org_id)
  where s.key ~ (utils.key_pattern(n.name)).matcher
  limit 1;
  if found then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('%s is stored as a value: the database cannot keep a list there', stored_key),
      hint = 'Delete the values under these keys first (etl_api.kv_delete_many).';
  end if;

  insert into etl_api.kv_index_entry (org_id, index_key, member, index_id, key)
  select e.org_id, e.index_key, e.member, e.index_id, e.key
  from (
    select s.org_id, pg_catalog.array_agg(s order by s.created_at, s.key) as rows
    from public.kv_store as s
    where exists (
      select from new_rows as n
      where s.key >= n.of_head
        and s.key < utils.prefix_end(n.of_head)
        and (n.org_id is null or s.org_id = n.org_id))
    group by s.org_id
  ) as o
  cross join lateral etl_api.kv_entries(o.rows) as e
  where e.index_id in (select n.id from new_rows as n)
  on conflict do nothing;
  return null;
end
$$;

comment on function etl_api.kv_fill_index() is
  'Fills a new list with what is stored already. ETL05: values are stored under the keys of the list.';

revoke execute on function etl_api.kv_fill_index() from public;

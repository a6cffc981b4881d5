create or replace function etl_api.kv_note_all(mapping etl_api.kv_mapping) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Writers who began before cannot know that changes are noted: they end first, and later ones see it.
  lock table public.kv_store in share row exclusive mode;
  insert into etl_api.kv_change (mapping, org_id, key)
  select mapping.name, s.org_id, s.key
  from public.kv_store as s
  where s.key >= mapping.head || ':'
    and s.key < utils.prefix_end(mapping.head || ':')
    and s.key ~ (utils.key_pattern(mapping.key_pattern)).matcher
  order by s.org_id, s.key;
  update etl_api.kv_mapping as m
  set state = 'noting'
  where m.name = mapping.name;
end
$$;

comment on function etl_api.kv_note_all(etl_api.kv_mapping) is
  'Begins to note the changes of a mapping''s keys, with all that is there as the first ones.';

revoke execute on function etl_api.kv_note_all(etl_api.kv_mapping) from public;

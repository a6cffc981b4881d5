create or replace function etl_api.kv_follow(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_follow.name);
  report jsonb;
begin
  -- From here on nobody writes until all that was written is in the table.
  lock table public.kv_store in share row exclusive mode;
  loop
    report := etl_api.kv_migrate(mapping.name);
    exit when (report ->> 'left')::bigint = 0;
  end loop;
  update etl_api.kv_mapping as m
  set state = 'following'
  where m.name = mapping.name;
  return report;
end
$$;

comment on function etl_api.kv_follow(text) is
  'Lets a mapping''s table follow the store from now on: each write to a key changes its row in the same transaction. What is not migrated yet is, while writers wait; so call kv_migrate first. Returns its last report; errors as of kv_migrate.';

revoke execute on function etl_api.kv_follow(text) from public;
grant execute on function etl_api.kv_follow(text) to service_role;

create or replace function etl_api.note_client_counts(changes etl_api.client_count_delta[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Whoever writes rows without a schema makes a table nobody has looked into yet.
  insert into public.client_schemas (client_id, organization_id, table_name, data_type, created_at, updated_at)
  select c.client_id, c.organization_id, c.table_name,
    pg_catalog.regexp_replace(c.table_name, '^client_[0-9a-f]{8}_', ''), utils.now(), utils.now()
  from pg_catalog.unnest(changes) as c
  where c.rows > 0
    and not exists (
      select 1
      from public.client_schemas as s
      where s.client_id = c.client_id
        and s.table_name = c.table_name)
  order by c.client_id, c.table_name
  on conflict do nothing;
  update public.client_schemas as s
  set data_stored = true
  from pg_catalog.unnest(changes) as c
  where s.client_id = c.client_id
    and s.table_name = c.table_name
    and c.rows > 0
    and not s.data_stored;
  -- Where the table goes with its rows there is nothing to count.
  insert into etl_api.client_count_delta (organization_id, client_id, table_name, rows)
  select c.organization_id, c.client_id, c.table_name, c.rows
  from pg_catalog.unnest(changes) as c
  where exists (
    select 1
    from public.client_schemas as s
    where s.client_id = c.client_id
      and s.table_name = c.table_name);
end
$$;

comment on function etl_api.note_client_counts(etl_api.client_count_delta[]) is
  'Notes rows that came and went, a line a table; nothing is updated but the first time, so nobody waits.';

revoke execute on function etl_api.note_client_counts(etl_api.client_count_delta[]) from public;

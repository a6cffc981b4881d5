create or replace function etl_api.read_client_data(
  client_id uuid, table_name text default null, max_rows int default 100, filter jsonb default null, before bigint default null,
  as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.act_for(as_user);
  if not etl_api.may_use_client(client_id, false)
    or not exists (
      select 1
      from public.clients as c
      where c.client_id = read_client_data.client_id)
  then
    return null;
  end if;
  return pg_catalog.jsonb_build_object(
    'client_id', client_id,
    'count', public.get_client_data_count(client_id, table_name),
    'data', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'id', d.id, 'table_name', d.table_name, 'data', d.data, 'created_at', d.created_at) order by d.id desc)
      from public.get_client_data_filtered(client_id, table_name, max_rows, filter, before) as d), '[]'));
end
$$;

comment on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) is
  'What GET /data/{client_id} answers: {client_id, count, data [{id, table_name, data, created_at}]}, as public.get_client_data_filtered; null for a client that is not there or not as_user''s to see.';

revoke execute on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) from public;
grant execute on function etl_api.read_client_data(uuid, text, int, jsonb, bigint, uuid) to service_role;

create or replace function public.get_client_data_count(client_id uuid, table_name text default null) returns bigint
language plpgsql stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Another's client and no client at all look the same: nothing is there.
  if not etl_api.may_use_client(client_id, false) then
    return 0;
  end if;
  return (
    select coalesce(pg_catalog.sum(c.rows), 0)
    from (
      select s.row_count as rows
      from public.client_schemas as s
      where s.client_id = get_client_data_count.client_id
        and (get_client_data_count.table_name is null or s.table_name = get_client_data_count.table_name)
      union all
      select d.rows
      from etl_api.client_count_delta as d
      where d.client_id = get_client_data_count.client_id
        and (get_client_data_count.table_name is null or d.table_name = get_client_data_count.table_name)
    ) as c);
end
$$;

comment on function public.get_client_data_count(uuid, text) is
  'How many rows a client has, in one table or all: exact, and without counting them. 0 for a client that is not there or not the caller''s to see.';

revoke execute on function public.get_client_data_count(uuid, text) from public, anon;
grant execute on function public.get_client_data_count(uuid, text) to authenticated, service_role;

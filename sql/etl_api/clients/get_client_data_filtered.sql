create or replace function public.get_client_data_filtered(
  client_id uuid, table_name text default null, max_rows int default 100, filter jsonb default null, before bigint default null)
returns setof public.client_data
language plpgsql stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- Another's client and no client at all look the same: nothing is there.
  if not etl_api.may_use_client(client_id, false) then
    return;
  elsif max_rows is null or max_rows not between 1 and 10000 or pg_catalog.jsonb_typeof(filter) <> 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when pg_catalog.jsonb_typeof(filter) <> 'object'
        then pg_catalog.format('filter is %s: it must be an object', pg_catalog.jsonb_typeof(filter))
        else pg_catalog.format('max_rows is %s: it must be from 1 to 10000', coalesce(max_rows::text, 'null')) end,
      hint = 'Give the last id of a page as "before" for the next.';
  end if;
  if coalesce(filter, '{}') = '{}' then
    return query
    select d.*
    from public.client_data as d
    where d.client_id = get_client_data_filtered.client_id
      and (get_client_data_filtered.table_name is null or d.table_name = get_client_data_filtered.table_name)
      and (before is null or d.id < before)
    order by d.id desc
    limit max_rows;
    return;
  end if;
  -- Ordered by what no index gives, so that the rows are found by what they say, however seldom that is.
  return query
  select d.*
  from public.client_data as d
  where pg_catalog.jsonb_set('{}', array[d.client_id::text], d.data)
      @> pg_catalog.jsonb_build_object(get_client_data_filtered.client_id, filter)
    and d.client_id = get_client_data_filtered.client_id
    and (get_client_data_filtered.table_name is null or d.table_name = get_client_data_filtered.table_name)
    and (before is null or d.id < before)
  order by d.id + 0 desc
  limit max_rows;
end
$$;

comment on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) is
  'A client''s rows, the newest first: of one table or all; that contain filter ({"category": "electronics"}), found by an index; at most max_rows (1 to 10000), with ids below "before". No row for a client that is not there or not the caller''s to see. ETL04: bad argument.';

revoke execute on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) from public, anon;
grant execute on function public.get_client_data_filtered(uuid, text, int, jsonb, bigint) to authenticated, service_role;

create or replace function etl_api.find_records(
  table_id uuid, filter jsonb default null, words text default null, max_rows int default 100, before uuid default null)
returns setof public.records
language plpgsql stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  last record;
begin
  perform etl_api.check_table_reader(table_id);
  if max_rows is null or max_rows not between 1 and 10000 or pg_catalog.jsonb_typeof(filter) <> 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when pg_catalog.jsonb_typeof(filter) <> 'object'
        then pg_catalog.format('filter is %s: it must be an object', pg_catalog.jsonb_typeof(filter))
        else pg_catalog.format('max_rows is %s: it must be from 1 to 10000', coalesce(max_rows::text, 'null')) end,
      hint = 'Give the id of the last row of a page as "before" for the next.';
  end if;
  select r.created_at, r.id into last
  from public.records as r
  where r.id = before
    and r.table_id = find_records.table_id;
  if not found and before is not null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no record %s in the table', before),
      hint = 'Give the id of the last row of the page before, or begin anew without it.';
  end if;
  if coalesce(filter, '{}') = '{}' and words is null then
    return query
    select r.*
    from public.records as r
    where r.table_id = find_records.table_id
      and r.deleted_at is null
      and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
    order by r.created_at desc, r.id desc
    limit max_rows;
    return;
  end if;
  -- Ordered by what no index gives, so that the rows are found by what they say, however seldom that is.
  return query
  select r.*
  from public.records as r
  where (filter is null or r.data @> filter)
    and (words is null or r.search_vector @@ pg_catalog.websearch_to_tsquery('simple', words))
    and r.table_id = find_records.table_id
    and r.deleted_at is null
    and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
  order by r.created_at + interval '0' desc, r.id desc
  limit max_rows;
end
$$;

comment on function etl_api.find_records(uuid, jsonb, text, int, uuid) is
  'Records of a table, the newest first, that contain filter ({"employee_count": 150}) and these words (as of a search engine), found by an index; at most max_rows (1 to 10000), behind the record "before". Under row level security the tables themselves are read through to find what a user looks for. ETL04: bad argument, or no such table of the caller''s; no such record "before".';

revoke execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) from public;
grant execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) to authenticated, service_role;

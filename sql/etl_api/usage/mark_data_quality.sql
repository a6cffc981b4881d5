create or replace function etl_api.mark_data_quality(org_id uuid, max_objects int) returns void
language plpgsql
set search_path = ''
as $$
begin
  if max_objects < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_objects is %s: it must be 1 or more', max_objects),
      hint = 'Leave it out for the setting data_quality_objects.';
  end if;
  -- The row is the lock: two measurements of one org follow each other.
  insert into etl_api.data_quality_mark as m (org_id, measured_at, request_count, run_count, object_count)
  select o.id, utils.now(), o.request_count, o.run_count, o.object_count
  from public.org as o
  where o.id = mark_data_quality.org_id
  on conflict on constraint data_quality_mark_pkey do update
    set measured_at = excluded.measured_at,
        request_count = excluded.request_count,
        run_count = excluded.run_count,
        object_count = excluded.object_count;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(org_id::text, 'null')),
      hint = 'Give the id of a row of org.';
  end if;
end
$$;

comment on function etl_api.mark_data_quality(uuid, int) is
  'Notes that the data quality of an org is being measured, with its counters as they are now. ETL04: no such org, or max_objects below 1.';

revoke execute on function etl_api.mark_data_quality(uuid, int) from public;
grant execute on function etl_api.mark_data_quality(uuid, int) to service_role;

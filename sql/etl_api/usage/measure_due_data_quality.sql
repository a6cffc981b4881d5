create or replace function etl_api.measure_due_data_quality() returns int
language plpgsql
set search_path = ''
as $$
declare
  pause constant interval := pg_catalog.make_interval(
    secs => utils.number_or(etl_api.setting_value('data_quality_seconds'), 3600)::double precision);
  due_id uuid;
begin
  select o.id into due_id
  from public.org as o
  left join etl_api.data_quality_mark as m on m.org_id = o.id
  where o.deleted_at is null
    and (m.org_id is null and o.object_count > 0
      or m.measured_at <= utils.now() - pause
        and (o.request_count, o.run_count, o.object_count) <> (m.request_count, m.run_count, m.object_count))
  order by m.measured_at nulls first
  limit 1;
  if due_id is null
    or not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.measure_data_quality', 0))
  then
    return 0;
  end if;
  perform etl_api.measure_data_quality(due_id);
  return 1;
end
$$;

comment on function etl_api.measure_due_data_quality() is
  'Measures the data quality of one org, the one that waits longest, if one changed since it was measured and that was data_quality_seconds ago. Returns how many it measured. The sweep calls it when it has nothing else to do.';

revoke execute on function etl_api.measure_due_data_quality() from public;
grant execute on function etl_api.measure_due_data_quality() to service_role;

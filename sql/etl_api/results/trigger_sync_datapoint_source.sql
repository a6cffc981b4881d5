create or replace function etl_api.trigger_sync_datapoint_source() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  source_ids uuid[];
begin
  select pg_catalog.array_agg(distinct c.source_id) into source_ids
  from changed_rows as c;
  if source_ids is not null then
    perform etl_api.sync_datapoint_source(source_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_sync_datapoint_source() is
  'Keeps datapoint_source in step with object_source; see sync_datapoint_source.';

revoke execute on function etl_api.trigger_sync_datapoint_source() from public;

create or replace function etl_api.trigger_sync_named_datapoint() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  source_ids uuid[];
begin
  -- A new or renamed datapoint may have the name of a field that was mapped before.
  select pg_catalog.array_agg(distinct os.source_id) into source_ids
  from changed_rows as c
  join public.object_source as os on os.object_type_id = c.object_type_id;
  if source_ids is not null then
    perform etl_api.sync_datapoint_source(source_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_sync_named_datapoint() is
  'Keeps datapoint_source in step with the names of datapoints; see sync_datapoint_source.';

revoke execute on function etl_api.trigger_sync_named_datapoint() from public;

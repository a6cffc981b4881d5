create or replace function etl_api.suspect_requests(workflow_request_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
declare
  max_bytes constant bigint := etl_api.limit_of('max_data_bytes');
  max_depth constant bigint := etl_api.limit_of('max_data_depth');
  max_objects constant bigint := etl_api.limit_of('max_objects');
  -- What takes less is within all limits: a level and an object take 8 bytes at least, and 8 bytes make 48 of a text.
  small constant bigint := least(max_bytes / 8, max_depth * 8, max_objects * 8);
begin
  -- More than a thousand members of an object take more than 8,000 bytes, for their places alone.
  return array(
    select w.id
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.data, r.data -> 'data' as activities, r.deadline_at, r.priority
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    where pg_catalog.jsonb_typeof(w.data) is distinct from 'object'
      or pg_catalog.jsonb_typeof(w.activities) is distinct from 'object'
      or w.activities = '{}'
      or pg_catalog.pg_column_size(w.activities) > 8000
      or w.data ?| '{config,destination}'
      or w.deadline_at is not null
      or w.priority not between -100 and 100
      -- Its size as stored is free to see, but says nothing where it is compressed.
      or (pg_catalog.pg_column_size(w.data) > small or pg_catalog.pg_column_compression(w.data) is not null)
        and etl_api.may_be_too_much(w.data, max_bytes, max_depth, max_objects));
end
$$;

comment on function etl_api.suspect_requests(uuid[]) is
  'Those of these requests that may have faults as a whole: of their data, its size, timing, config or destination (request_faults, config_faults, webhook_faults, crowd_faults). The others have none of these.';

revoke execute on function etl_api.suspect_requests(uuid[]) from public;
grant execute on function etl_api.suspect_requests(uuid[]) to service_role;

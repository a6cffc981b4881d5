create or replace function etl_api.crowd_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
declare
  most constant bigint := etl_api.limit_of('max_objects');
  handed_to constant uuid[] := array(select distinct e.to_id from etl_api.activity_edges(activities) as e where e.to_id is not null);
begin
  return query
  select a.workflow_request_id, 'too_many_objects', etl_api.json_path('data', a.activity_key), pg_catalog.to_jsonb(given.count),
    pg_catalog.format('The activity %s would take %s objects from %s; %s is the most.',
      pg_catalog.to_json(a.activity_name), given.count, given.places, most),
    'Make several requests of it, or ask the operator to raise the setting max_objects.'
  from pg_catalog.unnest(activities) as a
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = a.workflow_request_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select pg_catalog.sum(n.count)::bigint as count,
      pg_catalog.string_agg(distinct etl_api.path_text(utils.mapping_path(m.key_mapping_json)), ', ') as places
    from etl_api.input_mappings(a.org_id, a.source_ids,
      case when (select etl_api.activity_types()) ->> a.activity_type = 'input' then a.object_type_id end) as m
    cross join lateral (
      select pg_catalog.count(*)
      from utils.jsonb_resolve_object_names(w.data, utils.mapping_path(m.key_mapping_json))
    ) as n
  ) as given
  where a.activity_id is not null
    and a.id <> all (handed_to)
    and utils.jsonb_size(w.data) > most * 8
    and given.count > most;
end
$$;

comment on function etl_api.crowd_faults(etl_api.requested_activity[]) is
  'Activities that would take more objects from their request than the setting max_objects allows. For requests that are large enough for it.';

revoke execute on function etl_api.crowd_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.crowd_faults(etl_api.requested_activity[]) to service_role;

create or replace function etl_api.input_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
declare
  handed_to uuid[] := array(select distinct e.to_id from etl_api.activity_edges(activities) as e where e.to_id is not null);
begin
  -- An empty list is nothing to do, and objects without a key cost only themselves; but no list at all is a slip.
  return query
  select a.workflow_request_id, 'missing_value', '$.input', etl_api.shorten_json(w.data -> 'input'),
    pg_catalog.format('The activity %s finds no input in the request: nothing says which %s objects it is about.',
      pg_catalog.to_json(a.activity_name), t.name),
    coalesce(
      'Give them at ' || looked.places || '.',
      'No source says where they are: insert an object_source of direction input.')
  from pg_catalog.unnest(activities) as a
  join public.workflow_request as w
    on w.id = a.workflow_request_id
    and w.org_id = a.org_id
    and w.replay = 0
  join public.object_type as t on t.id = a.object_type_id
  cross join lateral (
    select pg_catalog.string_agg(distinct etl_api.path_text(utils.mapping_path(m.key_mapping_json)), ', ') as places
    from etl_api.input_mappings(a.org_id, a.source_ids, a.object_type_id) as m
  ) as looked
  where (select etl_api.activity_types()) ->> a.activity_type = 'input'
    and a.source_ids <> '{}'
    and a.id <> all (handed_to)
    and not exists (
      select 1
      from etl_api.input_mappings(a.org_id, a.source_ids, a.object_type_id) as m
      cross join lateral (select utils.mapping_path(m.key_mapping_json) as path) as p
      -- The members of an empty list are no members, but the list is there.
      cross join lateral utils.jsonb_resolve_values(
        w.data, case when pg_catalog.jsonb_typeof(p.path) = 'array' and p.path -> -1 = '"*"' then p.path - -1 else p.path end)
        as n (value)
      where n.value <> 'null');
end
$$;

comment on function etl_api.input_faults(etl_api.requested_activity[]) is
  'Activities that ask about objects, take nobody else''s objects and find no place with input in the request.';

revoke execute on function etl_api.input_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.input_faults(etl_api.requested_activity[]) to service_role;

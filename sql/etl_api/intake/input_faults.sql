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
  -- Where it would be is one question for all that ask the same sources about the same type.
  return query
  select a.workflow_request_id, 'missing_value', '$.input', etl_api.shorten_json(w.data -> 'input'),
    pg_catalog.format('The activity %s finds no input in the request: nothing says which %s objects it is about.',
      pg_catalog.to_json(a.activity_name), (select t.name from public.object_type as t where t.id = asked.object_type_id)),
    coalesce(
      'Give them at ' || looked.places || '.',
      'No source says where they are: insert an object_source of direction input.')
  from (
    select r.org_id, r.source_ids, r.object_type_id, pg_catalog.array_agg(r.workflow_request_id) as workflow_request_ids,
      pg_catalog.array_agg(r.activity_name) as names
    from pg_catalog.unnest(activities) as r
    where (select etl_api.activity_types()) ->> r.activity_type = 'input'
      and r.source_ids <> '{}'
      and r.id <> all (handed_to)
    group by r.org_id, r.source_ids, r.object_type_id
    offset 0
  ) as asked
  cross join lateral (
    select pg_catalog.string_agg(distinct etl_api.path_text(p.path), ', ') as places,
      pg_catalog.array_agg(l.list) as paths,
      -- A path of names is a condition that needs no function: most requests are past with it.
      ('strict $ ? (' || pg_catalog.string_agg(
        '@' || utils.path_jsonpath(utils.path_steps(l.list), 1, l.length) || ' != null', ' || ')
        filter (where l.length is not null) || ')')::jsonpath as plain
    from etl_api.input_mappings(asked.org_id, asked.source_ids, asked.object_type_id) as m
    cross join lateral (select utils.mapping_path(m.key_mapping_json) as path) as p
    -- The members of an empty list are no members, but the list is there.
    cross join lateral (
      select given.list, pg_catalog.cardinality(utils.path_names(given.list)) as length
      from (
        select case when pg_catalog.jsonb_typeof(p.path) = 'array' and p.path -> -1 = '"*"'
          then p.path - -1 else p.path end as list
      ) as given
      offset 0
    ) as l
    offset 0
  ) as looked
  cross join lateral unnest(asked.workflow_request_ids, asked.names) as a (workflow_request_id, activity_name)
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = a.workflow_request_id
      and r.org_id = asked.org_id
      and r.replay = 0
    offset 0
  ) as w
  where (w.data @? looked.plain) is not true
    and not exists (
      select 1
      from pg_catalog.unnest(looked.paths) as p (path)
      cross join lateral utils.jsonb_resolve_values(w.data, p.path) as n (value)
      where n.value <> 'null'
      offset 0);
end
$$;

comment on function etl_api.input_faults(etl_api.requested_activity[]) is
  'Activities that ask about objects, take nobody else''s objects and find no place with input in the request.';

revoke execute on function etl_api.input_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.input_faults(etl_api.requested_activity[]) to service_role;

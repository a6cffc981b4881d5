create or replace function etl_api.read_activities(workflow_request_ids uuid[])
returns setof etl_api.requested_activity
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty. With this and "offset 0", which keeps a look-up from
-- becoming a join, rows are looked up by their keys whatever the planner thinks of their number.
set enable_seqscan = off
set jit = off
as $$
begin
  -- A thousand requests for one activity say the same of it: that is read once (offset 0 keeps it from being read again
  -- for every member).
  return query
  select t.id, k.org_id, t.workflow_request_id, k.key, k.body,
    k.activity_id, k.name, k.activity_type, k.object_type_id, k.phase, k.config, k.max_objects, k.datapoints,
    '{}'::uuid[], k.source_ids, '{}'::uuid[], '{}'::uuid[], k.targets, k.on_failure
  from (
    select g.*, a.id as activity_id, a.name, a.activity_type, a.object_type_id, a.source_ids, c.config,
      case when pg_catalog.jsonb_typeof(c.config -> 'phase') = 'number'
          and (c.config ->> 'phase')::numeric between 1 and 2147483647
        then (c.config ->> 'phase')::numeric::int
        else 1 end as phase,
      case when pg_catalog.jsonb_typeof(c.config -> 'max_objects') = 'number'
          and (c.config ->> 'max_objects')::numeric between 1 and 2147483647
        then (c.config ->> 'max_objects')::numeric::int end as max_objects,
      case when pg_catalog.jsonb_typeof(c.config -> 'datapoints') = 'array'
        then array(
          select d.value #>> '{}'
          from pg_catalog.jsonb_array_elements(c.config -> 'datapoints') with ordinality as d (value, place)
          where pg_catalog.jsonb_typeof(d.value) = 'string'
            and d.place <= 1000
          group by d.value
          order by pg_catalog.min(d.place))
        else coalesce(a.datapoints, '{}') end as datapoints,
      case pg_catalog.jsonb_typeof(g.body #> '{destination,activity,id}')
        when 'array' then nullif(g.body #> '{destination,activity,id}', '[]')
        when 'string' then pg_catalog.jsonb_build_array(g.body #> '{destination,activity,id}')
      end as targets,
      case when c.config -> 'on_failure' in ('"fail"', '"continue"', '"skip"') then c.config ->> 'on_failure' else 'fail' end
        as on_failure
    from (
      select w.org_id, m.key, m.value as body, pg_catalog.array_agg(w.id) as workflow_request_ids
      from pg_catalog.unnest(workflow_request_ids) as i (id)
      cross join lateral (
        select r.id, r.org_id, r.data -> 'data' as activities
        from public.workflow_request as r
        where r.id = i.id
          and r.replay = 0
        offset 0
      ) as w
      cross join lateral (
        select each.key, each.value
        from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(w.activities) = 'object' then w.activities end) as each
        limit 1000
      ) as m
      group by w.org_id, m.key, m.value
      offset 0
    ) as g
    left join lateral (
      select d.*
      from public.activity as d
      where d.id = case when pg_catalog.jsonb_typeof(g.body -> 'id') = 'string' and etl_api.is_uuid(g.body ->> 'id')
          then (g.body ->> 'id')::uuid end
        and (d.org_id is null or d.org_id = g.org_id)
        and d.deleted_at is null
      offset 0
    ) as a on true
    cross join lateral (
      select coalesce(a.config, '{}')
        || case when pg_catalog.jsonb_typeof(g.body #> '{setup,config}') = 'object'
          then g.body #> '{setup,config}' else '{}' end as config
    ) as c
    offset 0
  ) as k
  cross join lateral unnest(
    utils.new_ids(pg_catalog.cardinality(k.workflow_request_ids)), k.workflow_request_ids)
    as t (id, workflow_request_id);
end
$$;

comment on function etl_api.read_activities(uuid[]) is
  'The activities in the data of requests, at most 1,000 each, with the definition each names and its config merged. What cannot be read is left empty: the faults are told elsewhere.';

revoke execute on function etl_api.read_activities(uuid[]) from public;
grant execute on function etl_api.read_activities(uuid[]) to service_role;

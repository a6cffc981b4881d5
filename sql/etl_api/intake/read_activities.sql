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
  return query
  select utils.new_id(), w.org_id, w.id, m.key, m.value,
    a.id, a.name, a.activity_type, a.object_type_id,
    case when pg_catalog.jsonb_typeof(c.config -> 'phase') = 'number'
        and (c.config ->> 'phase')::numeric between 1 and 2147483647
      then (c.config ->> 'phase')::numeric::int
      else 1 end,
    c.config,
    case when pg_catalog.jsonb_typeof(c.config -> 'max_objects') = 'number'
        and (c.config ->> 'max_objects')::numeric between 1 and 2147483647
      then (c.config ->> 'max_objects')::numeric::int end,
    case when pg_catalog.jsonb_typeof(c.config -> 'datapoints') = 'array'
      then array(
        select d.value #>> '{}'
        from pg_catalog.jsonb_array_elements(c.config -> 'datapoints') with ordinality as d (value, place)
        where pg_catalog.jsonb_typeof(d.value) = 'string'
          and d.place <= 1000
        group by d.value
        order by pg_catalog.min(d.place))
      else coalesce(a.datapoints, '{}') end,
    '{}'::uuid[], a.source_ids, '{}'::uuid[], '{}'::uuid[],
    case pg_catalog.jsonb_typeof(m.value #> '{destination,activity,id}')
      when 'array' then nullif(m.value #> '{destination,activity,id}', '[]')
      when 'string' then pg_catalog.jsonb_build_array(m.value #> '{destination,activity,id}')
    end,
    case when c.config -> 'on_failure' in ('"fail"', '"continue"', '"skip"') then c.config ->> 'on_failure' else 'fail' end
  from pg_catalog.unnest(workflow_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.data
    from public.workflow_request as r
    where r.id = i.id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select each.key, each.value
    from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(w.data -> 'data') = 'object' then w.data -> 'data' end) as each
    limit 1000
  ) as m
  left join lateral (
    select d.*
    from public.activity as d
    where d.id = case when pg_catalog.jsonb_typeof(m.value -> 'id') = 'string' and etl_api.is_uuid(m.value ->> 'id')
        then (m.value ->> 'id')::uuid end
      and (d.org_id is null or d.org_id = w.org_id)
      and d.deleted_at is null
    offset 0
  ) as a on true
  cross join lateral (
    select coalesce(a.config, '{}')
      || case when pg_catalog.jsonb_typeof(m.value #> '{setup,config}') = 'object'
        then m.value #> '{setup,config}' else '{}' end as config
  ) as c;
end
$$;

comment on function etl_api.read_activities(uuid[]) is
  'The activities in the data of requests, at most 1,000 each, with the definition each names and its config merged. What cannot be read is left empty: the faults are told elsewhere.';

revoke execute on function etl_api.read_activities(uuid[]) from public;
grant execute on function etl_api.read_activities(uuid[]) to service_role;

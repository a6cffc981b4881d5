create or replace function etl_api.render_requests(
  run_ids uuid[], run_items int[], kinds text[] default null, external_ids text[] default null,
  cursors jsonb[] default null, pages int[] default null)
returns table (
  item int, org_id uuid, workflow_request_id uuid, activity_request_id uuid, source_id uuid, carried_ids uuid[],
  cost numeric, timeout_seconds int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key, whatever the planner thinks of their number: "offset 0" leaves nothing else.
set enable_hashjoin = on
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  return query
  with run as materialized (
    select r.id, r.item, r.place, coalesce(f.kind, 'run') as kind, q.*
    from unnest(run_ids, run_items) with ordinality as r (id, item, place)
    cross join lateral (
      select queued.org_id, queued.workflow_request_id, queued.activity_request_id, queued.source_id, queued.object_id,
        queued.datapoint_ids
      from public.run_queue as queued
      where queued.id = r.id
      offset 0
    ) as q
    left join unnest(kinds) with ordinality as f (kind, item) on f.item = r.item
  ),
  template as materialized (
    select a.source_id, a.kind, t.*
    from (select distinct run.source_id, run.kind from run) as a
    cross join lateral etl_api.read_template(a.source_id, a.kind) as t
  ),
  -- What costs a look-up is looked up only for templates that ask for it.
  about as materialized (
    select run.*, o.natural_key, o.has_values
    from run
    join template as t
      on t.source_id = run.source_id
      and t.kind = run.kind
    left join lateral (
      select thing.natural_key,
        exists (select 1 from public.value as v where v.object_id = thing.id offset 0) as has_values
      from public.object as thing
      where thing.id = run.object_id
        and t.wants_objects
      offset 0
    ) as o on true
  ),
  known as materialized (
    select v.object_id, v."values"
    from (select pg_catalog.array_agg(distinct about.object_id) as ids from about where about.has_values) as k
    cross join lateral (select * from etl_api.object_values(k.ids) where k.ids is not null offset 0) as v
  ),
  asked as materialized (
    select a.item, a.kind, a.org_id, a.workflow_request_id, a.activity_request_id, a.source_id,
      pg_catalog.array_agg(a.id) as carried_ids,
      pg_catalog.jsonb_agg(a.natural_key || coalesce(a."values", '{}')) filter (where a.natural_key is not null) as objects
    from (
      select about.*, known."values"
      from about
      left join known on known.object_id = about.object_id
      order by about.item, about.place
    ) as a
    group by a.item, a.kind, a.org_id, a.workflow_request_id, a.activity_request_id, a.source_id
  ),
  datapoint as materialized (
    select run.item, pg_catalog.jsonb_agg(distinct d.name order by d.name) as names
    from run
    join template as t
      on t.source_id = run.source_id
      and t.kind = run.kind
      and t.wants_datapoints
    cross join lateral (
      select point.name from public.datapoint as point where point.id = any (run.datapoint_ids) offset 0) as d
    group by run.item
  )
  select a.item, a.org_id, a.workflow_request_id, a.activity_request_id, a.source_id, a.carried_ids,
    t.cost, t.timeout_seconds, filled.request, filled.missing
  from asked as a
  join template as t
    on t.source_id = a.source_id
    and t.kind = a.kind
  left join datapoint on datapoint.item = a.item
  left join unnest(external_ids, cursors, pages) with ordinality as f (external_id, cursor, page, item) on f.item = a.item
  -- Mostly a template asks for the object only.
  cross join lateral (
    select case when pg_catalog.jsonb_array_length(a.objects) = 1
      then pg_catalog.jsonb_build_object('object', a.objects -> 0) else '{}' end as object
    offset 0
  ) as vars
  cross join lateral utils.fill_placeholders(
    t.parts,
    case when t.wants_more then vars.object
      || pg_catalog.jsonb_build_object('objects', coalesce(a.objects, '[]'), 'datapoints', coalesce(datapoint.names, '[]'))
      || case when t.wants_place then etl_api.place_vars(f.external_id, f.cursor, f.page) else '{}' end
      || case when t.wants_activity then etl_api.activity_vars(a.activity_request_id, t.wants_factors) else '{}' end
    else vars.object end) as filled;
end
$$;

comment on function etl_api.render_requests(uuid[], int[], text[], text[], jsonb[], int[]) is
  'Renders HTTP requests from the templates of their sources, a whole batch in one statement: run_ids[i] is carried by request run_items[i]. The other lists say of each request, by its item, what it is when it is not the first one for its runs. missing names the placeholders that nothing fills; request is then null. Secrets stay placeholders. cost and timeout_seconds are what the source says of a run.';

revoke execute on function etl_api.render_requests(uuid[], int[], text[], text[], jsonb[], int[]) from public;
grant execute on function etl_api.render_requests(uuid[], int[], text[], text[], jsonb[], int[]) to service_role;

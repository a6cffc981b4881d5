create or replace function etl_api.render_requests(
  kinds text[], source_ids uuid[], activity_request_ids uuid[], external_ids text[], cursors jsonb[], pages int[],
  run_items int[], run_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  requests constant int := pg_catalog.cardinality(kinds);
  object_ids uuid[];
  natural_keys jsonb[];
  known jsonb[];
  objects jsonb[];
  names jsonb[];
begin
  -- What costs a look-up is looked up only for templates that ask for it. A list for each request, null where it has
  -- none, so that below all lists go side by side, without a join.
  if etl_api.templates_mention(kinds, source_ids, '<<$object') then
    select pg_catalog.array_agg(q.object_id order by r.place), pg_catalog.array_agg(o.natural_key order by r.place)
    into object_ids, natural_keys
    from unnest(run_ids) with ordinality as r (id, place)
    -- A probe each, however many runs a request carries; see match_objects.
    cross join lateral (select run.object_id from public.run_queue as run where run.id = r.id limit 1) as q
    left join lateral (select thing.natural_key from public.object as thing where thing.id = q.object_id limit 1) as o on true;

    known := array(select v."values" from etl_api.object_values(object_ids) as v order by v.place);
    objects := array(
      select pg_catalog.jsonb_agg(r.natural_key || r.known order by r.place) filter (where r.natural_key is not null)
      from (
        select r.item, r.natural_key, r.known, r.place
        from unnest(run_items, natural_keys, known) with ordinality as r (item, natural_key, known, place)
        union all
        select r.item, null, null, null from pg_catalog.generate_series(1, requests) as r (item)
      ) as r
      group by r.item
      order by r.item);
  end if;
  if etl_api.templates_mention(kinds, source_ids, '<<$datapoints') then
    names := array(
      select pg_catalog.jsonb_agg(distinct r.name order by r.name) filter (where r.name is not null)
      from (
        select r.item, d.name
        from unnest(run_items, run_ids) as r (item, run_id)
        cross join lateral (select run.datapoint_ids from public.run_queue as run where run.id = r.run_id limit 1) as q
        join public.datapoint as d on d.id = any (q.datapoint_ids)
        union all
        select r.item, null from pg_catalog.generate_series(1, requests) as r (item)
      ) as r
      group by r.item
      order by r.item);
  end if;

  return query
  -- A template is cut once, however many requests it makes.
  with template as materialized (
    select asked.*, utils.cut_template(t.json) as parts,
      pg_catalog.strpos(t.json::text, '<<$criteria') > 0
        or pg_catalog.strpos(t.json::text, '<<$factors') > 0 as wants_factors
    from (
      select a.kind, a.source_id,
        pg_catalog.array_agg(a.item::int) as items, pg_catalog.array_agg(a.activity_request_id) as activity_request_ids,
        pg_catalog.array_agg(a.external_id) as external_ids, pg_catalog.array_agg(a.cursor) as cursors,
        pg_catalog.array_agg(a.page) as pages, pg_catalog.array_agg(a.objects) as objects,
        pg_catalog.array_agg(a.names) as names
      from unnest(kinds, source_ids, activity_request_ids, external_ids, cursors, pages, objects, names)
        with ordinality as a (kind, source_id, activity_request_id, external_id, cursor, page, objects, names, item)
      group by a.kind, a.source_id
    ) as asked
    cross join lateral (
      select etl_api.source_template(s, asked.kind) as json
      from public.source as s
      where s.id = asked.source_id
      limit 1
    ) as t
  )
  select a.item, filled.request, filled.missing
  from template as t
  cross join lateral unnest(t.items, t.activity_request_ids, t.external_ids, t.cursors, t.pages, t.objects, t.names)
    as a (item, activity_request_id, external_id, cursor, page, objects, names)
  cross join lateral (
    select asking.activity_id, asking.org_id, asking.config, asking.max_objects
    from public.activity_request as asking
    where asking.id = a.activity_request_id
    limit 1
  ) as ar
  cross join lateral utils.fill_placeholders(
    t.parts,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
      'run_external_id', a.external_id,
      'max_objects', ar.max_objects,
      'page', a.page))
    || pg_catalog.jsonb_build_object(
      'run_setup', ar.config,
      'cursor', a.cursor,
      'objects', coalesce(a.objects, '[]'),
      'datapoints', coalesce(a.names, '[]'))
    || case when pg_catalog.jsonb_array_length(a.objects) = 1
      then pg_catalog.jsonb_build_object('object', a.objects -> 0) else '{}' end
    || case when t.wants_factors then etl_api.factor_vars(ar.activity_id, ar.org_id) else '{}' end) as filled;
end
$$;

comment on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) is
  'Renders HTTP requests from the templates of their sources, a whole batch in one statement. missing names the placeholders that nothing fills; request is then null. Secrets stay placeholders.';

revoke execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) from public;
grant execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) to service_role;

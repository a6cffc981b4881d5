create or replace function etl_api.render_requests(
  kinds text[], source_ids uuid[], activity_request_ids uuid[], external_ids text[], cursors jsonb[], pages int[],
  run_items int[], run_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  object_ids uuid[];
  natural_keys jsonb[];
  known jsonb[] := '{}'::jsonb[];
begin
  -- What costs a look-up is looked up only for templates that ask for it.
  if etl_api.templates_mention(kinds, source_ids, '<<$object') then
    select pg_catalog.array_agg(q.object_id order by r.place), pg_catalog.array_agg(o.natural_key order by r.place)
    into object_ids, natural_keys
    from unnest(run_ids) with ordinality as r (id, place)
    -- A probe each, however many runs a request carries; see match_objects.
    cross join lateral (select run.object_id from public.run_queue as run where run.id = r.id limit 1) as q
    left join lateral (select thing.natural_key from public.object as thing where thing.id = q.object_id limit 1) as o on true;

    known := array(select v."values" from etl_api.object_values(object_ids) as v order by v.place);
  end if;

  return query
  -- run_items[i] says to which request run_ids[i] belongs, known[i] what is known of its object.
  with asked as materialized (
    select t.item::int as item, t.source_id, t.activity_request_id, t.external_id, t.cursor, t.page,
      template.json as template,
      pg_catalog.strpos(template.json::text, '<<$datapoints') > 0 as wants_datapoints,
      pg_catalog.strpos(template.json::text, '<<$criteria') > 0
        or pg_catalog.strpos(template.json::text, '<<$factors') > 0 as wants_factors
    from unnest(kinds, source_ids, activity_request_ids, external_ids, cursors, pages)
      with ordinality as t (kind, source_id, activity_request_id, external_id, cursor, page, item)
    join public.source as s on s.id = t.source_id
    cross join lateral (select etl_api.source_template(s, t.kind) as json) as template
  ),
  batch as (
    select r.item, pg_catalog.jsonb_agg(r.natural_key || r.known order by r.place) as objects
    from unnest(run_items, natural_keys, known) with ordinality as r (item, natural_key, known, place)
    where r.natural_key is not null
    group by r.item
  ),
  questions as (
    select r.item, pg_catalog.jsonb_agg(distinct d.name order by d.name) as names
    from unnest(run_items, run_ids) as r (item, run_id)
    join asked on asked.item = r.item and asked.wants_datapoints
    join public.run_queue as q on q.id = r.run_id
    join public.datapoint as d on d.id = any (q.datapoint_ids)
    group by r.item
  ),
  vars as (
    select a.item, a.template,
      pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'run_external_id', a.external_id,
        'max_objects', ar.max_objects,
        'page', a.page))
      || pg_catalog.jsonb_build_object(
        'run_setup', ar.config,
        'cursor', a.cursor,
        'objects', coalesce(b.objects, '[]'),
        'datapoints', coalesce(qu.names, '[]'))
      || case when pg_catalog.jsonb_array_length(b.objects) = 1
        then pg_catalog.jsonb_build_object('object', b.objects -> 0) else '{}' end
      || case when a.wants_factors then etl_api.factor_vars(ar.activity_id, ar.org_id) else '{}' end as vars
    from asked as a
    join public.activity_request as ar on ar.id = a.activity_request_id
    left join batch as b on b.item = a.item
    left join questions as qu on qu.item = a.item
  )
  select v.item,
    case when pg_catalog.cardinality(u.missing) = 0
      then utils.replace_request_placeholders(v.template, v.vars) end,
    u.missing
  from vars as v
  cross join lateral (select utils.unresolved_placeholders(v.template, v.vars) as missing) as u;
end
$$;

comment on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) is
  'Renders HTTP requests from the templates of their sources, a whole batch in one statement. missing names the placeholders that nothing fills; request is then null. Secrets stay placeholders.';

revoke execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) from public;
grant execute on function etl_api.render_requests(text[], uuid[], uuid[], text[], jsonb[], int[], int[], uuid[]) to service_role;

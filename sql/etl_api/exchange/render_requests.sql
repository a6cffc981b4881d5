create or replace function etl_api.render_requests(
  kinds text[], source_ids uuid[], activity_request_ids uuid[], external_ids text[], cursors jsonb[], pages int[],
  run_items int[], run_ids uuid[])
returns table (item int, request jsonb, missing text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- run_items[i] says to which request run_ids[i] belongs. What costs a look-up is looked up only for a
  -- template that asks for it.
  with asked as materialized (
    select t.item::int as item, t.source_id, t.activity_request_id, t.external_id, t.cursor, t.page,
      template.json as template,
      pg_catalog.strpos(template.json::text, '<<$object') > 0 as wants_objects,
      pg_catalog.strpos(template.json::text, '<<$datapoints') > 0 as wants_datapoints,
      pg_catalog.strpos(template.json::text, '<<$criteria') > 0
        or pg_catalog.strpos(template.json::text, '<<$factors') > 0 as wants_factors
    from unnest(kinds, source_ids, activity_request_ids, external_ids, cursors, pages)
      with ordinality as t (kind, source_id, activity_request_id, external_id, cursor, page, item)
    join public.source as s on s.id = t.source_id
    cross join lateral (
      select case t.kind
        when 'run' then s.run_request_template
        when 'status' then s.status_request_template
        when 'delivery' then s.delivery_request_template
      end as json
    ) as template
  ),
  known as materialized (
    select ov.object_id, ov."values"
    from etl_api.object_values(array(
      select q.object_id
      from unnest(run_items, run_ids) as r (item, run_id)
      join public.run_queue as q on q.id = r.run_id
      where q.object_id is not null
        and exists (select 1 from asked where asked.item = r.item and asked.wants_objects))) as ov
  ),
  batch as (
    select r.item,
      pg_catalog.jsonb_agg(o.natural_key || coalesce(known."values", '{}') order by r.place)
        filter (where o.id is not null) as objects
    from unnest(run_items, run_ids) with ordinality as r (item, run_id, place)
    join asked on asked.item = r.item and asked.wants_objects
    join public.run_queue as q on q.id = r.run_id
    left join public.object as o on o.id = q.object_id
    left join known on known.object_id = q.object_id
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
      || case when a.wants_factors then etl_api.factor_vars(ar.activity_id) else '{}' end as vars
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

create or replace function etl_api.test_mapping_misses(given jsonb)
returns table (
  part int, no int, line int, what text, name text, value jsonb, path text, message text, mapping_id uuid)
language sql stable
set search_path = ''
as $$
  select 2, null::int, 0, 'nothing', m.name, null::jsonb, etl_api.path_text(m.steps),
    case
      when m.missing < m.objects then pg_catalog.format('%s of %s objects have nothing there.', m.missing, m.objects)
      when m.there is not null then pg_catalog.format('What is there, %s, cannot be read as %s.',
        etl_api.describe_json(m.there), m.mapping ->> 'transform')
      else coalesce(etl_api.path_hint(m.raw, m.steps), 'There is null.')
    end,
    m.mapping_id
  from (
    select g.name, g.mapping_id, g.mapping, pg_catalog.count(*) as objects,
      utils.path_steps(coalesce(utils.mapping_path(g.mapping), pg_catalog.to_jsonb(g.name))) as steps,
      pg_catalog.count(*) filter (where g.value is null) as missing,
      (pg_catalog.array_agg(g.raw order by g.no))[1] as raw,
      pg_catalog.min(g.there::text)::jsonb as there
    from (
      select t.*, case when t.value is null and t.mapping ? 'transform'
        then nullif(utils.jsonb_resolve_first(t.raw, utils.mapping_path(t.mapping)), 'null') end as there
      from pg_catalog.jsonb_to_recordset(given) as t (no int, raw jsonb, name text, mapping_id uuid, mapping jsonb, value jsonb)
    ) as g
    group by g.name, g.mapping_id, g.mapping
  ) as m
  where m.missing > 0
$$;

comment on function etl_api.test_mapping_misses(jsonb) is
  'Which mappings found nothing in objects, or not in all ([{no, raw, name, mapping_id, mapping, value}]), and why; see test_mapping.';

revoke execute on function etl_api.test_mapping_misses(jsonb) from public;

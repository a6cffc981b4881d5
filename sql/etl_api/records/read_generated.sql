create or replace function etl_api.read_generated(records jsonb, begins int default 0, lot_size int default null)
returns setof etl_api.generated_record
language sql stable parallel safe
set search_path = ''
rows 1000
as $$
  select
    coalesce(case when r.is_listed and pg_catalog.jsonb_typeof(r.value -> 'record_index') = 'number'
      and (r.value ->> 'record_index')::numeric between 0 and 2147483647 then (r.value ->> 'record_index')::numeric::int end,
      r.place),
    case when r.is_listed then r.value ->> 'name' end,
    case
      when r.is_listed and f.given ?| '{company_name,name}' then (r.value - '{name,fields,record_index}'::text[]) || f.given
      when r.is_listed then (r.value - '{fields,record_index}'::text[]) || coalesce(f.given, '{}')
      when pg_catalog.jsonb_typeof(r.value) = 'object' then r.value
      else '{}'
    end,
    f.sources, f.confidence, f.enriched, f.method, null::jsonb, null::jsonb,
    case when pg_catalog.jsonb_typeof(r.value) <> 'object'
      then pg_catalog.format('a record is an object, not %s', pg_catalog."left"(r.value::text, 80)) end
  from (
    select e.value, e.place,
      coalesce(pg_catalog.jsonb_typeof(e.value -> 'fields') = 'array'
        and (e.value -> 'fields' = '[]' or e.value #> '{fields,0}' ? 'name'), false) as is_listed
    -- What is compressed or stored elsewhere is fetched by this once, and not for each of its elements.
    from (select records || '[]'::jsonb as list offset 0) as l
    cross join lateral pg_catalog.generate_series(begins,
      least(begins + lot_size, pg_catalog.jsonb_array_length(l.list)) - 1) as p (place)
    cross join lateral (select l.list -> p.place as value, p.place offset 0) as e
  ) as r
  left join lateral (
    select pg_catalog.jsonb_object_agg(x.name, coalesce(x.value, 'null')) as given,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('field', x.name, 'source', x.source, 'url', x.url, 'confidence', x.confidence))) as sources,
      pg_catalog.jsonb_object_agg(x.name, x.confidence) filter (where x.confidence is not null) as confidence,
      pg_catalog.array_agg(x.name) filter (where x.confidence < 0.8 or x.source <> 'knowledge') as enriched,
      case when pg_catalog.min(x.source) <> pg_catalog.max(x.source) then 'hybrid'
        when pg_catalog.min(x.source) in ('knowledge', 'url_context', 'firecrawl', 'hybrid') then pg_catalog.min(x.source) end as method
    from (
      select l.value ->> 'name' as name, l.value -> 'value' as value, l.value ->> 'source' as source,
        coalesce(l.value ->> 'sourceUrl', l.value ->> 'url') as url,
        case when pg_catalog.jsonb_typeof(l.value -> 'confidence') = 'number' then (l.value ->> 'confidence')::numeric end as confidence
      from pg_catalog.jsonb_array_elements(r.value -> 'fields') as l (value)
      where l.value ->> 'name' is not null
    ) as x
  ) as f on r.is_listed
$$;

comment on function etl_api.read_generated(jsonb, int, int) is
  'Generated records as rows: {"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}, or flat objects. The place of each is that in the array, from 0, or its own record_index. begins and lot_size: only so many, from there.';

revoke execute on function etl_api.read_generated(jsonb, int, int) from public;
grant execute on function etl_api.read_generated(jsonb, int, int) to service_role;

create or replace function etl_api.value_quality(object_ids uuid[])
returns table (
  datapoint_id uuid, source_id uuid, all_sources boolean, with_value bigint, fresh bigint, median_age interval,
  compared bigint, conflicting bigint)
language plpgsql stable
set search_path = ''
-- Values are looked up by their objects: never a scan of what all tenants store.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  return query
  with known as (
    select v.object_id, v.datapoint_id, v.source_id, moment - v.observed_at as age,
      coalesce(v.observed_at + ds.max_age > moment, true) as fresh,
      -- Blanks around, case and the way a number is written are no disagreement.
      case pg_catalog.jsonb_typeof(v.value)
        when 'string' then pg_catalog.lower(pg_catalog.btrim(v.value #>> '{}'))
        when 'number' then pg_catalog.trim_scale((v.value #>> '{}')::numeric)::text
        else v.value::text
      end collate "C" as said
    from unnest(object_ids) as i (id)
    join public.value as v on v.object_id = i.id
    left join public.datapoint_source as ds
      on ds.source_id = v.source_id
      and ds.datapoint_id = v.datapoint_id
  ), told as materialized (
    select k.*,
      pg_catalog.count(*) over same > 1 as compared,
      pg_catalog.min(k.said) over same <> pg_catalog.max(k.said) over same as conflicting,
      pg_catalog.bool_or(k.fresh) over same as any_fresh,
      pg_catalog.row_number() over (same order by k.age) = 1 as is_latest
    from known as k
    window same as (partition by k.object_id, k.datapoint_id)
  )
  select t.datapoint_id, t.source_id, false,
    pg_catalog.count(*),
    pg_catalog.count(*) filter (where t.fresh),
    pg_catalog.percentile_cont(0.5) within group (order by t.age),
    pg_catalog.count(*) filter (where t.compared),
    pg_catalog.count(*) filter (where t.conflicting)
  from told as t
  group by t.datapoint_id, t.source_id
  union all
  -- All sources together: of each object the latest word.
  select t.datapoint_id, null, true,
    pg_catalog.count(*),
    pg_catalog.count(*) filter (where t.any_fresh),
    pg_catalog.percentile_cont(0.5) within group (order by t.age),
    pg_catalog.count(*) filter (where t.compared),
    pg_catalog.count(*) filter (where t.conflicting)
  from told as t
  where t.is_latest
  group by t.datapoint_id;
end
$$;

comment on function etl_api.value_quality(uuid[]) is
  'Of these objects, per datapoint and source (null: the requests'' own input) and for all sources together: how many have a value, how many a fresh one, the median age, how many have values of several sources, and how many of those contradict each other.';

revoke execute on function etl_api.value_quality(uuid[]) from public;
grant execute on function etl_api.value_quality(uuid[]) to service_role;

create or replace function etl_api.refuse_values(
  activity_request_ids uuid[], object_ids uuid[], datapoint_ids uuid[], source_ids uuid[], "values" jsonb[],
  run_request_ids uuid[], are_asked boolean[])
returns jsonb[]
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
declare
  accepted jsonb[];
begin
  with given as materialized (
    select t.*
    from unnest(activity_request_ids, object_ids, datapoint_ids, source_ids, "values", run_request_ids, are_asked)
      with ordinality as t (activity_request_id, object_id, datapoint_id, source_id, value, run_request_id, is_asked, place)
  ),
  broken as materialized (
    select g.place, f.factor_id, f.description
    from given as g
    join etl_api.factors_of(array(select distinct i.id from unnest(activity_request_ids) as i (id)), true) as f
      on f.activity_request_id = g.activity_request_id
      and f.datapoint_id = g.datapoint_id
    where g.is_asked
      and utils.factor_met(g.value, f.operator, f.kind, f.items, f.spans) is false
  ),
  recorded as (
    insert into public.guardrail_refusal
      (org_id, activity_request_id, object_id, stage, datapoint_id, source_id, factor_id, description, value,
       run_request_id, refused_at)
    -- Of several sightings in one batch the last stands, as where values are stored.
    select distinct on (g.activity_request_id, g.object_id, b.factor_id, g.source_id)
      ar.org_id, g.activity_request_id, g.object_id, 'after_result', g.datapoint_id, g.source_id, b.factor_id, b.description,
      g.value, g.run_request_id, utils.now()
    from broken as b
    join given as g on g.place = b.place
    -- By key: a hash of the lists must not become one of the table.
    cross join lateral (
      select asking.org_id
      from public.activity_request as asking
      where asking.id = g.activity_request_id
      offset 0
    ) as ar
    order by g.activity_request_id, g.object_id, b.factor_id, g.source_id, g.place desc
    on conflict (activity_request_id, object_id, factor_id, stage, datapoint_id, source_id) do update
      set description = excluded.description,
          value = excluded.value,
          run_request_id = excluded.run_request_id,
          refused_at = excluded.refused_at
  )
  select pg_catalog.array_agg(case when b.place is null then g.value end order by g.place) into accepted
  from given as g
  left join (select distinct broken.place from broken) as b on b.place = g.place;
  return accepted;
end
$$;

comment on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) is
  'Holds the values of answers (those about objects that were asked about) against the guardrails of their activity requests, records those that break one, and returns the values with null in their places.';

revoke execute on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) from public;
grant execute on function etl_api.refuse_values(uuid[], uuid[], uuid[], uuid[], jsonb[], uuid[], boolean[]) to service_role;

create or replace function etl_api.missing_datapoints(activity_request_ids uuid[], object_ids uuid[])
returns table (activity_request_id uuid, object_id uuid, datapoint_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
begin
  return query
  with guardrail as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct i.id from unnest(activity_request_ids) as i (id)), true) as f
    where guarded
  )
  -- A value is as fresh as its own source says; the request's input, as the first source asked would say.
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  select i.id, i.object_id, wanted.datapoint_id
  from unnest(activity_request_ids, object_ids) as i (id, object_id)
  cross join lateral (
    select r.datapoint_ids, r.source_ids
    from public.activity_request as r
    where r.id = i.id
    offset 0
  ) as ar
  cross join lateral unnest(ar.datapoint_ids) as wanted (datapoint_id)
  where not exists (
    select 1
    from public.value as v
    left join lateral (
      select ds.max_age
      from public.datapoint_source as ds
      where ds.datapoint_id = wanted.datapoint_id
        and (ds.source_id = v.source_id or (v.source_id is null and ds.source_id = any (ar.source_ids)))
      order by ds.priority, ds.source_id
      limit 1
    ) as age on true
    where v.object_id = i.object_id
      and v.datapoint_id = wanted.datapoint_id
      and (age.max_age is null or v.observed_at + age.max_age > moment)
      -- A value that the activity may not accept is as good as none.
      and not (guarded and exists (
        select 1
        from guardrail as g
        where g.activity_request_id = i.id
          and g.datapoint_id = wanted.datapoint_id
          and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))
    offset 0);
end
$$;

comment on function etl_api.missing_datapoints(uuid[], uuid[]) is
  'What enrichment still has to find: of each pair of activity request and object, the datapoints that have no value, none younger than max_age, or none that its guardrails accept.';

revoke execute on function etl_api.missing_datapoints(uuid[], uuid[]) from public;
grant execute on function etl_api.missing_datapoints(uuid[], uuid[]) to service_role;

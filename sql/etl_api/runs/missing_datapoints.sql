create or replace function etl_api.missing_datapoints(activity_request_ids uuid[], object_ids uuid[])
returns table (
  activity_request_id uuid, object_id uuid, org_id uuid, workflow_request_id uuid, source_ids uuid[], datapoint_ids uuid[])
-- Taken for a thousand rows, they would be sorted into groups and not hashed.
language plpgsql stable rows 10
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  return query
  with asking as materialized (
    select i.id, i.object_id, ar.*
    from unnest(activity_request_ids, object_ids) as i (id, object_id)
    cross join lateral (
      select r.org_id, r.workflow_request_id, r.activity_id, r.source_ids, r.datapoint_ids
      from public.activity_request as r
      where r.id = i.id
      offset 0
    ) as ar
  ), kind as materialized (
    -- What only a few activities have is asked once for all that are alike.
    select a.activity_id, a.org_id, a.datapoint_ids
    from asking as a
    group by a.activity_id, a.org_id, a.datapoint_ids
  ), special as materialized (
    select
      exists (
        select 1
        from kind as k
        join public.factor as f on f.activity_id = k.activity_id
        where f.is_guardrail
          and f.datapoint_id is not null
          and (f.org_id is null or f.org_id = k.org_id)) as guarded,
      exists (
        select 1
        from kind as k
        join public.datapoint_source as ds on ds.datapoint_id = any (k.datapoint_ids)
        where ds.max_age is not null) as aging
  ), guardrail as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct a.id from asking as a), true) as f
    where (select s.guarded from special as s)
  )
  select m.id, m.object_id, m.org_id, m.workflow_request_id, m.source_ids,
    case when m.known_ids = '{}' then m.datapoint_ids
      else array(
        select wanted.datapoint_id
        from unnest(m.datapoint_ids) as wanted (datapoint_id)
        where wanted.datapoint_id <> all (m.known_ids)) end
  from (
    select a.*,
      array(
        select v.datapoint_id
        from public.value as v
        -- A value is as fresh as its own source says; the request's input, as the first source asked would say.
        left join lateral (
          select ds.max_age
          from public.datapoint_source as ds
          where (select s.aging from special as s)
            and ds.datapoint_id = v.datapoint_id
            and (ds.source_id = v.source_id or (v.source_id is null and ds.source_id = any (a.source_ids)))
          order by ds.priority, ds.source_id
          limit 1
        ) as age on true
        where v.object_id = a.object_id
          and v.datapoint_id = any (a.datapoint_ids)
          and (age.max_age is null or v.observed_at + age.max_age > moment)
          -- A value that the activity may not accept is as good as none.
          and not ((select s.guarded from special as s) and exists (
            select 1
            from guardrail as g
            where g.activity_request_id = a.id
              and g.datapoint_id = v.datapoint_id
              and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))) as known_ids
    from asking as a
    where not ((select s.guarded from special as s) and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = a.id
        and refused.object_id = a.object_id
        and refused.stage = 'before_run'
      offset 0))
    offset 0
  ) as m
  where not m.datapoint_ids <@ m.known_ids;
end
$$;

comment on function etl_api.missing_datapoints(uuid[], uuid[]) is
  'What enrichment still has to find: of each pair of activity request and object, the datapoints that have no value, none younger than max_age, or none that its guardrails accept. Pairs that miss nothing are left out, and those that a guardrail refused before they were asked about.';

revoke execute on function etl_api.missing_datapoints(uuid[], uuid[]) from public;
grant execute on function etl_api.missing_datapoints(uuid[], uuid[]) to service_role;

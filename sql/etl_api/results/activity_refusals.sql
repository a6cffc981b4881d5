create or replace function etl_api.activity_refusals(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'count', (
      select pg_catalog.count(*)
      from public.guardrail_refusal as r
      where r.activity_request_id = activity_refusals.activity_request_id),
    'first', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'key', o.natural_key,
        'stage', r.stage,
        'datapoint', d.name,
        'source', case when r.value is not null then coalesce(s.name, 'input') end,
        'value', r.value,
        'description', r.description) order by r.id), '[]')
      from (
        select first.*
        from public.guardrail_refusal as first
        where first.activity_request_id = activity_refusals.activity_request_id
        order by first.id
        limit 1000
      ) as r
      cross join lateral (
        select thing.natural_key
        from public.object as thing
        where thing.id = r.object_id
        limit 1
      ) as o
      left join public.datapoint as d on d.id = r.datapoint_id
      left join public.source as s on s.id = r.source_id))
$$;

comment on function etl_api.activity_refusals(uuid) is
  'What guardrails refused in an activity request: {count, first: [{key, stage, datapoint, source, value, description}]}, the first 1,000 in their order.';

revoke execute on function etl_api.activity_refusals(uuid) from public;
grant execute on function etl_api.activity_refusals(uuid) to service_role;

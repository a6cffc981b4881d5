create or replace function etl_api.reconstruct_values_to_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  insert into public.activity_result (activity_request_id, org_id, objects, summary, created_at)
  select ar.id, ar.org_id, coalesce(built.objects, '[]'),
    pg_catalog.jsonb_build_object(
      'objects', built.count,
      'values', coalesce(built."values", 0),
      'missing', coalesce(built.missing, 0),
      'runs', runs.by_state),
    utils.now()
  from public.activity_request as ar
  cross join lateral (
    select array(
      select d.name
      from public.datapoint as d
      where d.id = any (ar.datapoint_ids)) as names
  ) as wanted
  cross join lateral (
    select
      pg_catalog.count(*) as count,
      pg_catalog.sum(pg_catalog.cardinality(part.names)) as "values",
      pg_catalog.sum(case when pg_catalog.cardinality(wanted.names) > 0
        then pg_catalog.cardinality(wanted.names) - pg_catalog.cardinality(part.names) else 0 end) as missing,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'object_type', t.name,
        'key', o.natural_key,
        'values', part."values",
        'provenance', part.provenance) order by known.place) as objects
    from etl_api.object_values(array(
      select x.object_id
      from public.activity_object as x
      where x.activity_request_id = ar.id
        and x.role = ar.result_role
      order by x.ordinal)) as known
    join public.object as o on o.id = known.object_id
    join public.object_type as t on t.id = o.object_type_id
    cross join lateral (
      select
        array(
          select k.name
          from pg_catalog.jsonb_object_keys(known."values") as k (name)
          where pg_catalog.cardinality(wanted.names) = 0
             or k.name = any (wanted.names)) as names,
        case when pg_catalog.cardinality(wanted.names) = 0 then known."values"
          else etl_api.pick(known."values", wanted.names) end as "values",
        case when pg_catalog.cardinality(wanted.names) = 0 then known.provenance
          else etl_api.pick(known.provenance, wanted.names) end as provenance
    ) as part
  ) as built
  cross join lateral (
    select coalesce(pg_catalog.jsonb_object_agg(s.state, s.count), '{}') as by_state
    from (
      select q.state, pg_catalog.count(*) as count
      from public.run_queue as q
      where q.activity_request_id = ar.id
      group by q.state
    ) as s
  ) as runs
  where ar.id = any (activity_request_ids)
  on conflict (activity_request_id, org_id) do update
    set objects = excluded.objects,
        summary = excluded.summary,
        created_at = excluded.created_at;
end
$$;

comment on function etl_api.reconstruct_values_to_activity_requests(uuid[]) is
  'Rebuilds the results of activity requests from the values known now, with their provenance, into activity_result.';

revoke execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) from public;
grant execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) to service_role;

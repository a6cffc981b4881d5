create or replace function etl_api.explain_progress(activity_request_ids uuid[]) returns text
language sql stable
set search_path = ''
as $$
  -- Runs are counted of those that are named only.
  select pg_catalog.string_agg(
      pg_catalog.format('activity %L (%s%s)', a.activity_key, a.state,
        case when r.number > 0 then pg_catalog.format(', %s of %s ended', r.ended, etl_api.explain_count(r.number, 'run', 'runs'))
          else '' end),
      ', ' order by a.workflow_phase, a.activity_key)
    || case when pg_catalog.cardinality(activity_request_ids) > 5
      then pg_catalog.format(' and %s more', pg_catalog.cardinality(activity_request_ids) - 5) else '' end
  from (
    select ar.*
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
    order by ar.workflow_phase, ar.activity_key
    limit 5
  ) as a
  cross join lateral (
    select pg_catalog.count(*) as number,
      pg_catalog.count(*) filter (where q.state in ('done', 'delivered', 'failed', 'timedout', 'invalid')) as ended
    from public.run_queue as q
    where q.activity_request_id = a.id
  ) as r
$$;

comment on function etl_api.explain_progress(uuid[]) is
  'Activity requests with their state and how many of their runs have ended, the first five: activity ''enrich'' (in_progress, 12 of 40 runs ended).';

revoke execute on function etl_api.explain_progress(uuid[]) from public;

create or replace function etl_api.explain_progress(activity_request_ids uuid[]) returns text
language sql stable
set search_path = ''
as $$
  select pg_catalog.string_agg(a.words, ', ' order by a.place) filter (where a.place <= 5)
    || case when pg_catalog.count(*) > 5 then pg_catalog.format(' and %s more', pg_catalog.count(*) - 5) else '' end
  from (
    select pg_catalog.row_number() over (order by ar.workflow_phase, ar.activity_key) as place,
      pg_catalog.format('activity %L (%s%s)', ar.activity_key, ar.state,
        case when r.number > 0 then pg_catalog.format(', %s of %s ended', r.ended, etl_api.explain_count(r.number, 'run', 'runs'))
          else '' end) as words
    from public.activity_request as ar
    cross join lateral (
      select pg_catalog.count(*) as number,
        pg_catalog.count(*) filter (where q.state in ('done', 'delivered', 'failed', 'timedout', 'invalid')) as ended
      from public.run_queue as q
      where q.activity_request_id = ar.id
    ) as r
    where ar.id = any (activity_request_ids)
  ) as a
$$;

comment on function etl_api.explain_progress(uuid[]) is
  'Activity requests with their state and how many of their runs have ended, the first five: activity ''enrich'' (in_progress, 12 of 40 runs ended).';

revoke execute on function etl_api.explain_progress(uuid[]) from public;

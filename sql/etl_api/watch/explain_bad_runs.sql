create or replace function etl_api.explain_bad_runs(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('%s at source %s %s: %s.',
    etl_api.explain_count(b.number, 'run', 'runs'), b.name,
    b.state || coalesce(' (' || b.state_substate || ')', ''), pg_catalog.rtrim(coalesce(b.message, 'no reason was given'), '. '))
  from (
    select s.name, q.state, q.state_substate, pg_catalog.count(*) as number, pg_catalog.min(q.error ->> 'message') as message
    from public.run_queue as q
    join public.source as s on s.id = q.source_id
    where q.activity_request_id = explain_bad_runs.activity_request_id
      and q.state in ('failed', 'timedout', 'invalid')
    group by s.name, q.state, q.state_substate
    order by number desc, s.name, q.state, q.state_substate
    limit 20
  ) as b
$$;

comment on function etl_api.explain_bad_runs(uuid) is
  'The runs of an activity request that did not end well, a sentence per source and kind of failure with an example, at most 20.';

revoke execute on function etl_api.explain_bad_runs(uuid) from public;

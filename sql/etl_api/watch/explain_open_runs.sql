create or replace function etl_api.explain_open_runs(activity_request_id uuid, run_id uuid default null)
returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  held record;
begin
  for held in
    select s.id, s.name, q.org_id, s.cost_per_run > 0 and etl_api.is_over_budget(q.org_id, s.cost_per_run) as budget, pg_catalog.count(*) as number,
      pg_catalog.min(q.due_at) as due_at
    from public.run_queue as q
    join public.source as s on s.id = q.source_id
    where q.activity_request_id = explain_open_runs.activity_request_id
      and q.state in ('waiting', 'ready')
      and (run_id is null or q.id = run_id)
    group by s.id, q.org_id
    order by s.name, s.id
  loop
    return next case when run_id is null
        then pg_catalog.format('%s for source %s', etl_api.explain_count(held.number, 'run waits', 'runs wait'), held.name)
        else pg_catalog.format('Waits for source %s', held.name)
      end
      || case when held.budget then etl_api.explain_budget(held.org_id)
        else coalesce('. ' || etl_api.explain_source(held.id), ': ' || etl_api.explain_due(held.due_at, 'execute-runs') || '.')
      end;
  end loop;
end
$$;

comment on function etl_api.explain_open_runs(uuid, uuid) is
  'What the runs of an activity request that are not sent yet wait for, a sentence per source; of one run only, when it is given.';

revoke execute on function etl_api.explain_open_runs(uuid, uuid) from public;

create or replace function etl_api.explain_run(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  run public.run_queue;
  label text;
  first record;
begin
  select q.* into run
  from public.run_queue as q
  where q.id = explain_run.id;
  select pg_catalog.format('The run of %s at source %s', coalesce(o.natural_key::text, 'a search'), s.name) into label
  from public.source as s
  left join public.object as o
    on o.id = run.object_id
    and o.org_id = run.org_id
  where s.id = run.source_id;
  first := etl_api.explain_state('run_queue', id, label, run.state::text, run.state_substate,
    case when run.state in ('failed', 'timedout', 'invalid') then run.error ->> 'message' end);
  return next first.sentence;

  if run.state in ('waiting', 'ready') then
    return query select etl_api.explain_open_runs(run.activity_request_id, id);
  elsif run.state = 'in_progress' then
    return query select etl_api.explain_open_requests(run.activity_request_id, run.run_request_id);
  end if;
  if run.state in ('waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(run.timeout_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_run(uuid) is
  'The sentences about a run; see explain.';

revoke execute on function etl_api.explain_run(uuid) from public;

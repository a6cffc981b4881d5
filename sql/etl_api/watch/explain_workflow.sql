create or replace function etl_api.explain_workflow(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  request public.workflow_request;
  first record;
begin
  select w.* into request
  from public.workflow_request as w
  where w.id = explain_workflow.id
    and w.replay = 0;
  first := etl_api.explain_state('workflow_request', id, 'The request', request.state::text, request.state_substate);
  return next first.sentence;
  return query select etl_api.explain_faults(request.errors);

  if request.state = 'waiting' and request.not_before > utils.now() then
    return next pg_catalog.format('Waits for its time: it begins in %s (%s).',
      etl_api.explain_span(request.not_before - utils.now()), etl_api.explain_time(request.not_before));
  elsif request.state = 'waiting' then
    return next 'Its time has come: the next etl_api.recover() starts it.';
  elsif request.state = 'in_progress' then
    return query
    select pg_catalog.format('Waits for phase %s: %s.', request.workflow_phase, etl_api.explain_progress(pg_catalog.array_agg(ar.id)))
    from public.activity_request as ar
    where ar.workflow_request_id = explain_workflow.id
      and ar.workflow_phase <= request.workflow_phase
      and ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    having pg_catalog.count(*) > 0;
  end if;

  return query select etl_api.explain_activities(id);
  return query select etl_api.explain_messages(id);
  if request.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(request.timeout_at, request.deadline_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_workflow(uuid) is
  'The sentences about a workflow request: itself, what it waits for, the activities that are not plainly done, its messages, what to do; see explain.';

revoke execute on function etl_api.explain_workflow(uuid) from public;

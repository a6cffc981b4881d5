create or replace function etl_api.deliver_workflow_results(workflow_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select etl_api.queue_messages(
      pg_catalog.array_agg(w.org_id order by w.id),
      pg_catalog.array_agg(w.id order by w.id),
      pg_catalog.array_agg(null::uuid order by w.id),
      pg_catalog.array_agg(w.data #> '{destination,webhook}' order by w.id),
      pg_catalog.array_agg('workflow_request.' || w.state order by w.id),
      pg_catalog.array_agg(pg_catalog.jsonb_build_object(
        'workflow_request_id', w.id,
        'org_id', w.org_id,
        'state', w.state,
        'substate', w.state_substate,
        'activities', coalesce(a.activities, '[]')) order by w.id))
    from public.workflow_request as w
    cross join lateral (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'activity_request_id', ar.id,
        'activity_key', ar.activity_key,
        'state', ar.state,
        'substate', ar.state_substate,
        'summary', coalesce(r.summary, '{}')) order by ar.workflow_phase, ar.activity_key) as activities
      from public.activity_request as ar
      left join public.activity_result as r on r.activity_request_id = ar.id
      where ar.workflow_request_id = w.id
    ) as a
    where w.id = any (workflow_request_ids)
      and w.replay = 0
      and w.state in ('done', 'failed', 'timedout')
      and w.data -> 'destination' ? 'webhook');
end
$$;

comment on function etl_api.deliver_workflow_results(uuid[]) is
  'Queues the message of each of these workflow requests that has ended and has a webhook of its own. Returns how many.';

revoke execute on function etl_api.deliver_workflow_results(uuid[]) from public;
grant execute on function etl_api.deliver_workflow_results(uuid[]) to service_role;

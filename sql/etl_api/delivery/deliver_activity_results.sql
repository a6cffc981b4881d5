create or replace function etl_api.deliver_activity_results(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  message record;
begin
  -- A statement of its own: what it takes to build large messages is given back before they are written.
  select
    pg_catalog.array_agg(ar.org_id order by ar.id) as org_ids,
    pg_catalog.array_agg(ar.workflow_request_id order by ar.id) as workflow_ids,
    pg_catalog.array_agg(ar.id order by ar.id) as activity_ids,
    pg_catalog.array_agg(ar.destination -> 'webhook' order by ar.id) as webhooks,
    pg_catalog.array_agg('activity_request.' || ar.state order by ar.id) as event_types,
    pg_catalog.array_agg(pg_catalog.jsonb_build_object(
      'workflow_request_id', ar.workflow_request_id,
      'activity_request_id', ar.id,
      'activity_key', ar.activity_key,
      'org_id', ar.org_id,
      'state', ar.state,
      'substate', ar.state_substate,
      'objects', coalesce(r.objects, '[]'),
      'refusals', coalesce(r.refusals, '[]'),
      'summary', coalesce(r.summary, '{}')) order by ar.id) as data
  into message
  from public.activity_request as ar
  left join public.activity_result as r on r.activity_request_id = ar.id
  where ar.id = any (activity_request_ids)
    and ar.state in ('done', 'failed', 'timedout', 'invalid')
    and ar.destination ? 'webhook';
  return etl_api.queue_messages(message.org_ids, message.workflow_ids, message.activity_ids, message.webhooks,
    message.event_types, message.data);
end
$$;

comment on function etl_api.deliver_activity_results(uuid[]) is
  'Queues the message of each of these activity requests that has ended and has a webhook. Returns how many.';

revoke execute on function etl_api.deliver_activity_results(uuid[]) from public;
grant execute on function etl_api.deliver_activity_results(uuid[]) to service_role;

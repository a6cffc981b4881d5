create or replace function etl_api.deliver_activity_results(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  message record;
begin
  -- A statement of its own: what it takes to build large messages is given back before they are written.
  select
    pg_catalog.array_agg(m.org_id) as org_ids,
    pg_catalog.array_agg(m.workflow_request_id) as workflow_ids,
    pg_catalog.array_agg(m.id) as activity_ids,
    pg_catalog.array_agg(m.webhook) as webhooks,
    pg_catalog.array_agg(m.event_type) as event_types,
    pg_catalog.array_agg(m.data) as data
  into message
  from (
    select ar.id, ar.org_id, ar.workflow_request_id, ar.destination -> 'webhook' as webhook,
      'activity_request.' || ar.state as event_type,
      pg_catalog.jsonb_build_object(
        'workflow_request_id', ar.workflow_request_id,
        'activity_request_id', ar.id,
        'activity_key', ar.activity_key,
        'org_id', ar.org_id,
        'state', ar.state,
        'substate', ar.state_substate,
        'objects', coalesce(r.objects, '[]'),
        'refusals', coalesce(r.refusals, '[]'),
        'summary', coalesce(r.summary, '{}')) as data
    from (select distinct given.id from unnest(activity_request_ids) as given (id) order by given.id) as i
    -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
    cross join lateral (
      select ended.*
      from public.activity_request as ended
      where ended.id = i.id
      offset 0
    ) as ar
    left join lateral (
      select built.objects, built.refusals, built.summary
      from public.activity_result as built
      where built.activity_request_id = ar.id
      offset 0
    ) as r on true
    where ar.state in ('done', 'failed', 'timedout', 'invalid')
      and ar.destination ? 'webhook'
    offset 0
  ) as m;
  return etl_api.queue_messages(message.org_ids, message.workflow_ids, message.activity_ids, message.webhooks,
    message.event_types, message.data);
end
$$;

comment on function etl_api.deliver_activity_results(uuid[]) is
  'Queues the message of each of these activity requests that has ended and has a webhook. Returns how many.';

revoke execute on function etl_api.deliver_activity_results(uuid[]) from public;
grant execute on function etl_api.deliver_activity_results(uuid[]) to service_role;

create or replace function etl_api.webhook_faults(workflow_request_ids uuid[], activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  select d.workflow_request_id, f.code, etl_api.json_path(variadic d.members || f.members),
    etl_api.shorten_json(f.found), f.message, f.hint
  from (
    select w.id as workflow_request_id, w.org_id, '{destination}'::text[] as members, w.data -> 'destination' as body
    from pg_catalog.unnest(workflow_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.data
      from public.workflow_request as r
      where r.id = i.id
        and r.replay = 0
      offset 0
    ) as w
    union all
    select a.workflow_request_id, a.org_id, array['data', a.activity_key, 'destination'], a.body -> 'destination'
    from pg_catalog.unnest(activities) as a
  ) as d
  cross join lateral (
    select 'invalid_type' as code, '{}'::text[] as members, d.body as found,
      pg_catalog.format('A destination is an object, but this is %s.', etl_api.describe_json(d.body)) as message,
      'Give an object such as {"webhook": {"url": "https://client.example/hook"}}, or leave it out.' as hint
    where pg_catalog.jsonb_typeof(d.body) <> 'object'
    union all
    select 'invalid_type', '{webhook}', d.body -> 'webhook',
      pg_catalog.format('A webhook is an object, but this is %s.', etl_api.describe_json(d.body -> 'webhook')),
      'Give {"url": "https://…"} or {"endpoint": "<webhook_endpoint uuid>"}, or leave it out.'
    where pg_catalog.jsonb_typeof(d.body -> 'webhook') not in ('object', 'null')
    union all
    select u.code, '{webhook}' || u.members, u.found, u.message, u.hint
    from etl_api.webhook_fault(d.org_id, d.body -> 'webhook') as u
    where pg_catalog.jsonb_typeof(d.body -> 'webhook') = 'object'
  ) as f
  where pg_catalog.jsonb_typeof(d.body) <> 'null';
end
$$;

comment on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) is
  'What is wrong with the destinations of requests and activities, and with the webhooks in them.';

revoke execute on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) from public;
grant execute on function etl_api.webhook_faults(uuid[], etl_api.requested_activity[]) to service_role;

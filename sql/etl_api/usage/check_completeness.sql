create or replace function etl_api.check_completeness(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select found.*
  from (
    select 'activity_request', a.id, a.org_id, 'it has ended, but has no result'
    from public.activity_request as a
    where a.state in ('done', 'delivered')
      and not exists (select 1 from public.activity_result as r where r.activity_request_id = a.id)
    union all
    select 'activity_request', r.activity_request_id, r.org_id,
      pg_catalog.format('its summary counts %s objects, but its result has %s', r.summary -> 'objects',
        pg_catalog.jsonb_array_length(r.objects))
    from public.activity_result as r
    where pg_catalog.jsonb_array_length(r.objects) is distinct from (r.summary ->> 'objects')::int
    union all
    select 'delivery', d.id, d.org_id, 'it is to be sent, but has no body'
    from public.delivery as d
    where d.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and not exists (select 1 from public.delivery_body as b where b.delivery_id = d.id)
    union all
    select 'run_request', r.id, r.org_id, 'it is to be sent, but nothing says what'
    from public.run_request as r
    where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      and r.request is null
    union all
    select 'run_request', r.id, r.org_id, 'it is under way, but nobody has a lease of it'
    from public.run_request as r
    where r.state = 'in_progress'
      and (r.lease_until is null or r.lease_token is null)
    union all
    select 'delivery', d.id, d.org_id, 'it is under way, but nobody has a lease of it'
    from public.delivery as d
    where d.state = 'in_progress'
      and (d.lease_until is null or d.lease_token is null)
    union all
    select e.entity, e.id, e.org_id,
      case when e.finished_at is null then 'it has ended, but not at any time' else 'it has not ended, but there is a time when it did' end
    from (
      select 'workflow_request', w.id, w.org_id, w.state::text, w.finished_at from public.workflow_request as w where w.replay = 0
      union all
      select 'activity_request', a.id, a.org_id, a.state::text, a.finished_at from public.activity_request as a
      union all
      select 'run_queue', q.id, q.org_id, q.state::text, q.finished_at from public.run_queue as q
      union all
      select 'run_request', r.id, r.org_id, r.state::text, r.finished_at from public.run_request as r
    ) as e (entity, id, org_id, state, finished_at)
    where (e.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) = (e.finished_at is not null)
    union all
    select 'object', v.object_id, v.org_id, pg_catalog.format('it has a value of %s, a datapoint of another type', d.name)
    from public.value as v
    join public.datapoint as d on d.id = v.datapoint_id
    join public.object as o on o.id = v.object_id
    where d.object_type_id <> o.object_type_id
    union all
    select 'workflow_request', k.workflow_request_id, k.org_id,
      pg_catalog.format('the key %s is kept for it, but it does not have it', pg_catalog.quote_literal(k.idempotency_key))
    from etl_api.request_key as k
    where not exists (
      select 1
      from public.workflow_request as w
      where w.id = k.workflow_request_id
        and w.replay = 0
        and w.idempotency_key = k.idempotency_key)
  ) as found (entity, id, org_id, problem)
  where check_completeness.of_org is null
    or found.org_id = check_completeness.of_org
$$;

comment on function etl_api.check_completeness(uuid) is
  'Rows of an org (null: all) that lack what belongs to them, or contradict it: a result, a body, a rendered request, a lease, a time. It reads everything: etl_api.check_consistency calls it.';

revoke execute on function etl_api.check_completeness(uuid) from public;
grant execute on function etl_api.check_completeness(uuid) to service_role;

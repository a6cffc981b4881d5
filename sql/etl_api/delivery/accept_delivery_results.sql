create or replace function etl_api.accept_delivery_results(delivery_ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  schedule constant jsonb := coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]');
  taken_ids uuid[];
begin
  -- The ids come sorted, so that locks are taken in one order. "offset 0" keeps look-ups look-ups. What is delivered,
  -- as most is, is judged by its status alone.
  with held as materialized (
    select d.id, d.attempts, g.answer, utils.int_or_null(g.answer -> 'status') as status
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select due.*
      from public.delivery as due
      where due.id = g.id
      offset 0
      for no key update
    ) as d
    where d.state = 'in_progress'
      and d.lease_until > moment
      and d.lease_token::text = pg_catalog.lower(g.answer ->> 'lease_token')
  ),
  judged as materialized (
    select h.id, h.status, 'delivered' as verdict, null::text as code, null::text as message, null::timestamptz as due_at
    from held as h
    where h.status between 200 and 299
    union all
    select h.id, h.status, j.verdict, j.code, j.message, j.due_at
    from held as h
    cross join lateral etl_api.judge_delivery(h.attempts, h.answer, schedule) as j
    where (h.status between 200 and 299) is not true
  ),
  moved as (
    update public.delivery as d
    set state = case j.verdict when 'delivered' then 'delivered' when 'retry' then 'waiting' else 'failed' end::public.delivery_state,
        state_via = case when j.verdict = 'delivered' then '{done}'::public.delivery_state[] end,
        state_substate = case j.verdict when 'retry' then 'backoff' else j.code end,
        due_at = coalesce(j.due_at, d.due_at),
        lease_until = null,
        lease_token = null,
        http_status = j.status,
        error = case when j.code is not null then pg_catalog.jsonb_build_object('code', j.code, 'message', j.message) end,
        finished_at = case when j.verdict <> 'retry' then moment end
    from judged as j
    where d.id = j.id
    returning d.id, d.endpoint_id, d.org_id, d.http_status
  ),
  disabled as (
    update public.webhook_endpoint as e
    set disabled_at = moment
    from moved as m
    where m.http_status = 410
      and e.id = m.endpoint_id
      and e.org_id = m.org_id
      and e.disabled_at is null
    returning e.id
  )
  select pg_catalog.array_agg(moved.id) into taken_ids
  from moved;
  return coalesce(taken_ids, '{}');
end
$$;

comment on function etl_api.accept_delivery_results(uuid[], jsonb[]) is
  'Takes the results of these messages (their ids in order, each once) whose lease lives, judges them and moves the messages on. Returns their ids. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) to service_role;

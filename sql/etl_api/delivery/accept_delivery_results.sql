create or replace function etl_api.accept_delivery_results(delivery_ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  slow_ms constant jsonb := coalesce(etl_api.setting_value('lane_slow_ms'), '2000');
  taken record;
begin
  -- The ids come sorted, so that locks are taken in one order. "offset 0" keeps look-ups look-ups. What is delivered,
  -- as most is, is judged by its status alone.
  with held as materialized (
    select d.id, d.attempts, d.endpoint_id, d.org_id, g.answer, utils.int_or_null(g.answer -> 'status') as status
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
    select h.id, h.status, h.answer, 'delivered' as verdict, null::text as code, null::text as message,
      null::timestamptz as due_at
    from held as h
    where h.status between 200 and 299
    union all
    select h.id, h.status, h.answer, j.verdict, j.code, j.message, j.due_at
    from held as h
    cross join lateral etl_api.judge_delivery(h.attempts, h.answer, etl_api.delivery_schedule(h.endpoint_id, h.org_id)) as j
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
        response = nullif(pg_catalog.left(j.answer ->> 'body_text', 1024), ''),
        error = case when j.code is not null then pg_catalog.jsonb_build_object('code', j.code, 'message', j.message) end,
        finished_at = case when j.verdict <> 'retry' then moment end
    from judged as j
    where d.id = j.id
    returning d.id, d.endpoint_id, d.lane, j.verdict <> 'delivered' or j.answer -> 'duration_ms' >= slow_ms as trouble
  )
  select pg_catalog.array_agg(moved.id) as ids, pg_catalog.bool_or(moved.trouble) as trouble,
    pg_catalog.array_agg(distinct moved.endpoint_id) filter (where moved.endpoint_id is not null) as endpoint_ids,
    pg_catalog.array_agg(distinct moved.lane) as lanes
  into taken
  from moved;

  -- Mostly nobody had trouble and nobody wants more: then there is nothing to learn.
  if taken.trouble then
    perform etl_api.note_failures(taken.ids, delivery_ids, results);
  end if;
  if taken.endpoint_ids is not null then
    perform etl_api.note_endpoints(taken.ids, taken.endpoint_ids, taken.trouble);
  end if;
  if taken.trouble or exists (select 1 from etl_api.delivery_lane as l where l.wanted and l.lane = any (taken.lanes)) then
    perform etl_api.learn_lanes(taken.ids, delivery_ids, results, coalesce(utils.int_or_null(slow_ms), 2000));
  end if;
  return coalesce(taken.ids, '{}');
end
$$;

comment on function etl_api.accept_delivery_results(uuid[], jsonb[]) is
  'Takes the results of these messages (their ids in order, each once) whose lease lives, judges them and moves the messages on; keeps what failed attempts said, and learns how much endpoints and lanes can take. Returns their ids. The caller holds the workflow locks.';

revoke execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) from public;
grant execute on function etl_api.accept_delivery_results(uuid[], jsonb[]) to service_role;

-- An answer of a source is told by its row in run_response: a lease that ended or a hand-back leaves none.
create or replace view etl_api.traffic_tail with (security_invoker = true) as
  select t.org_id, t.xid, t.at, r.source_id, null::uuid as endpoint_id, null::text as url,
    answer.duration_ms * interval '1 millisecond' as duration,
    t.to_state = 'failed' or t.substate is not distinct from 'backoff' as failed,
    t.substate as code, t.reason as message
  from etl_api.state_history_tail as t
  join public.run_request as r on r.id = t.entity_id and r.org_id = t.org_id
  cross join lateral (
    select p.duration_ms
    from public.run_response as p
    where p.run_request_id = r.id
      and p.org_id = r.org_id
      and p.received_at = t.at
    order by p.answer_no desc
    limit 1
  ) as answer
  where t.entity = 'run_request'
    and t.from_state = 'in_progress'
    and t.to_state <> 'in_progress'
  union all
  select t.org_id, t.xid, t.at, null, d.endpoint_id, case when d.endpoint_id is null then d.url end,
    null, t.to_state <> 'done', t.substate, t.reason
  from etl_api.state_history_tail as t
  join public.delivery as d on d.id = t.entity_id and d.org_id = t.org_id
  where t.entity = 'delivery'
    and t.from_state = 'in_progress'
    and (t.to_state = 'done'
      or t.to_state = 'failed' and t.substate is distinct from 'cancelled'
      or t.to_state = 'waiting' and t.substate = 'backoff');

comment on view etl_api.traffic_tail is
  'What sources and clients answered since the last roll-up, one row per attempt, of those the reader may see.';
comment on column etl_api.traffic_tail.org_id is 'The tenant.';
comment on column etl_api.traffic_tail.xid is 'The transaction in which it was reported.';
comment on column etl_api.traffic_tail.at is 'When it was reported.';
comment on column etl_api.traffic_tail.source_id is 'The source that was asked; null for a message.';
comment on column etl_api.traffic_tail.endpoint_id is 'The endpoint a message was sent to.';
comment on column etl_api.traffic_tail.url is 'The address a message was sent to, where the request gave a URL.';
comment on column etl_api.traffic_tail.duration is 'Time from sending to the last byte; null when not known, as with messages.';
comment on column etl_api.traffic_tail.failed is 'Whether the attempt failed, to be tried again or not.';
comment on column etl_api.traffic_tail.code is 'The substate it led to: for a failure that is not tried again, its class.';
comment on column etl_api.traffic_tail.message is 'A failure in words.';

revoke all on etl_api.traffic_tail from public;
grant select on etl_api.traffic_tail to authenticated, service_role;

create or replace function etl_api.note_failures(taken_ids uuid[], delivery_ids uuid[], results jsonb[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  with failed as (
    select d.*, g.answer
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select m.*
      from public.delivery as m
      where m.id = g.id
      offset 0
    ) as d
    where g.id = any (taken_ids)
      and d.state <> 'delivered'
  ), kept as (
    insert into public.delivery_attempt
      (delivery_id, org_id, attempt, at, code, message, http_status, response, duration_ms)
    select f.id, f.org_id, f.attempts, utils.now(),
      coalesce('http_' || f.http_status, pg_catalog.left(f.answer #>> '{error,kind}', 100), 'network'),
      f.error ->> 'message', f.http_status, f.response, utils.int_or_null(f.answer -> 'duration_ms')
    from failed as f
    order by f.id
  )
  -- Messages older than lanes find theirs.
  update public.delivery as d
  set lane = coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url))
  from failed as f
  where d.id = f.id
    and d.lane = '00000000-0000-0000-0000-000000000000';
end
$$;

comment on function etl_api.note_failures(uuid[], uuid[], jsonb[]) is
  'Keeps what clients said to attempts that failed: taken_ids, of the messages whose results were taken.';

revoke execute on function etl_api.note_failures(uuid[], uuid[], jsonb[]) from public;
grant execute on function etl_api.note_failures(uuid[], uuid[], jsonb[]) to service_role;

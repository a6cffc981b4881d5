create or replace function etl_api.source_room(source_ids uuid[], max_requests int)
returns table (source_id uuid, capacity int, has_windows boolean, is_limited boolean)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select s.id, least(
    max_requests,
    case when s.max_concurrency is not null then s.max_concurrency - (
      select pg_catalog.count(*)::int
      from public.run_request as r
      where r.source_id = s.id
        and r.state = 'in_progress') end,
    -- A window never goes back: who waited for the lock of the source may be a little behind the one before.
    case when pg_catalog.jsonb_typeof(s.rate_limit) = 'object' then (
      select pg_catalog.min((l.value #>> '{}')::numeric::int - case when w.began_at >= etl_api.window_start(l.key) then w.used else 0 end)
      from pg_catalog.jsonb_each(s.rate_limit) as l
      left join etl_api.source_window as w
        on w.source_id = s.id
        and w.period = l.key) end),
    s.rate_limit is not null,
    s.max_concurrency is not null or s.rate_limit is not null
  from public.source as s
  where s.id = any (source_ids)
    and s.enabled;
end
$$;

comment on function etl_api.source_room(uuid[], int) is
  'How many HTTP requests each of these sources, if enabled, may be sent now, at most max_requests: what max_concurrency and the current windows of rate_limit (has_windows) leave; is_limited: whether there is any of these. Exact only for who holds the source.';

revoke execute on function etl_api.source_room(uuid[], int) from public;
grant execute on function etl_api.source_room(uuid[], int) to service_role;

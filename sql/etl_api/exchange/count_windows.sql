create or replace function etl_api.count_windows(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  insert into etl_api.source_window as w (source_id, period, began_at, used)
  select s.id, l.key, etl_api.window_start(l.key), sent.requests
  from (
    select r.source_id, pg_catalog.count(*)::int as requests
    from public.run_request as r
    where r.id = any (run_request_ids)
    group by r.source_id
  ) as sent
  join public.source as s
    on s.id = sent.source_id
    and pg_catalog.jsonb_typeof(s.rate_limit) = 'object'
  cross join lateral pg_catalog.jsonb_object_keys(s.rate_limit) as l (key)
  -- A window never goes back; see source_room.
  on conflict (source_id, period) do update
  set began_at = greatest(w.began_at, excluded.began_at),
      used = excluded.used + case when w.began_at >= excluded.began_at then w.used else 0 end;
end
$$;

comment on function etl_api.count_windows(uuid[]) is
  'Counts claimed HTTP requests in the current windows of those of their sources that have a rate_limit. The caller holds these sources.';

revoke execute on function etl_api.count_windows(uuid[]) from public;
grant execute on function etl_api.count_windows(uuid[]) to service_role;

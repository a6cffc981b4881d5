create or replace function etl_api.learn_lanes(taken_ids uuid[], delivery_ids uuid[], results jsonb[], slow_ms int) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  start constant int := coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20);
begin
  -- dead: no answer, or one that says "not now"; slow: an answer that took long. What a client refuses for good (4xx)
  -- tells nothing of how much it can take.
  with said as materialized (
    select coalesce(d.endpoint_id, d.lane) as lane, d.org_id, pg_catalog.count(*) as answers,
      pg_catalog.count(*) filter (where d.http_status between 200 and 299) as taken,
      pg_catalog.count(*) filter (where d.http_status is null or d.http_status in (408, 425, 429) or d.http_status >= 500) as dead,
      pg_catalog.count(*) filter (where utils.int_or_null(g.answer -> 'duration_ms') >= slow_ms) as slow,
      pg_catalog.min(d.id::text) filter (where d.state = 'waiting')::uuid as waiting_id
    from unnest(delivery_ids, results) as g (id, answer)
    cross join lateral (
      select m.*
      from public.delivery as m
      where m.id = g.id
      offset 0
    ) as d
    where g.id = any (taken_ids)
      and coalesce(d.endpoint_id, d.lane) <> '00000000-0000-0000-0000-000000000000'
    group by 1, 2
  ), ruled as (
    select s.lane, s.org_id, s.waiting_id, l.lane is not null as known, l.wanted, l.at_once as was,
      case
        -- Half of the answers decide, so that one bad message does not slow the others down.
        when 2 * s.dead >= s.answers then greatest(1, least(coalesce(l.at_once, start), start) / 4)
        when 2 * s.slow >= s.answers then least(coalesce(l.at_once, start), start)
        when l.at_once is not null and l.wanted and s.dead = 0 and s.taken > 0
          then case when l.at_once <= 100 then 2 * l.at_once end
        when l.lane is null then start
        else l.at_once
      end as at_once,
      2 * s.dead >= s.answers or 2 * s.slow >= s.answers as troubled,
      etl_api.is_ordered(s.lane, s.org_id) as ordered
    from said as s
    left join lateral (
      select known.*
      from etl_api.delivery_lane as known
      where known.lane = s.lane
      offset 0
    ) as l on true
  )
  insert into etl_api.delivery_lane as known (lane, org_id, at_once, wanted, head_id, changed_at)
  select r.lane, r.org_id, case when r.ordered then least(r.at_once, start) else r.at_once end, false,
    case when r.ordered then r.waiting_id end, utils.now()
  from ruled as r
  where case when r.known then r.at_once is distinct from r.was
      -- Nothing is known of it, and there is nothing to know yet.
      else r.troubled end
    or r.ordered and r.waiting_id is not null
  order by r.lane
  on conflict (lane) do update
  set at_once = excluded.at_once,
      -- Cut, it wants what it had; grown, it has to show that it wants yet more.
      wanted = coalesce(known.wanted and excluded.at_once < known.at_once, false),
      head_id = coalesce(excluded.head_id, known.head_id),
      changed_at = excluded.changed_at;
end
$$;

comment on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) is
  'Learns from results what lanes can take: one that wanted more and took all has its room doubled, without limit once that would be more than 200; one that gives no answer or too late is cut to a quarter of what it began with at most, down to one; one that takes long keeps to the beginning. Notes what the others wait for where messages go in order.';

revoke execute on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) from public;
grant execute on function etl_api.learn_lanes(uuid[], uuid[], jsonb[], int) to service_role;

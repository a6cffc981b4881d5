create or replace function etl_api.take_deliveries(max_deliveries int) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  -- What a lane may have under way before anything is known of it.
  lane_start constant int := coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20);
  front record;
begin
  -- Mostly no address has more than it may be sent, and all are in use and in no order: the oldest first, whoever's they
  -- are. (What is asked of a lane is asked in this order, and only as far as needed.)
  if not exists (select 1 from etl_api.delivery_lane as l where l.wanted) then
    with d as materialized (
      select due.id, coalesce(due.endpoint_id, due.lane) as lane, due.org_id, due.endpoint_id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked
    )
    select array(select d.id from d) as ids, (
      select pg_catalog.bool_and(
        g.lane = '00000000-0000-0000-0000-000000000000'
        or coalesce(l.unlimited, false)
        or (
          o.is_plain
          and e.is_plain is not false
          and coalesce(l.at_once, lane_start) > g.due + (
            select pg_catalog.count(*)
            from public.delivery as sent
            where sent.lane = g.lane
              and sent.state = 'in_progress')))
      from (
        select d.lane, d.org_id, d.endpoint_id, pg_catalog.count(*) as due
        from d
        group by d.lane, d.org_id, d.endpoint_id
      ) as g
      left join lateral (
        select known.at_once is null as unlimited, known.at_once
        from etl_api.delivery_lane as known
        where known.lane = g.lane
        offset 0
      ) as l on true
      left join lateral (
        select known.deleted_at is null
          and known.settings -> 'ordered_deliveries' is distinct from 'true' as is_plain
        from public.org as known
        where known.id = g.org_id
        offset 0
      ) as o on l.unlimited is not true
      left join lateral (
        select known.disabled_at is null
          and not known.ordered as is_plain
        from public.webhook_endpoint as known
        where known.id = g.endpoint_id
          and known.org_id = g.org_id
        offset 0
      ) as e on l.unlimited is not true and g.endpoint_id is not null) as plain
    into front;
    if front.plain is not false then
      return front.ids;
    end if;
  end if;

  -- By their keys, whatever the planner thinks of the queue: "offset 0" leaves nothing else.
  return array(
    select d.id
    from unnest(etl_api.pick_deliveries(max_deliveries)) with ordinality as p (id, place)
    cross join lateral (
      select due.id, due.state, due.due_at
      from public.delivery as due
      where due.id = p.id
      offset 0
      for update skip locked
    ) as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
    order by p.place);
end
$$;

comment on function etl_api.take_deliveries(int) is
  'Messages that are due and may be sent now, the longest due first, at most max_deliveries; none of an address that is slow or dead beyond what it may have under way. Their rows are locked.';

revoke execute on function etl_api.take_deliveries(int) from public;
grant execute on function etl_api.take_deliveries(int) to service_role;

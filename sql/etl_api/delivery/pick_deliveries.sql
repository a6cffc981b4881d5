create or replace function etl_api.pick_deliveries(max_deliveries int) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  front record;
  picked uuid[];
begin
  -- One statement, so that it sees one moment: of messages in order it must not see the second as the first.
  with due as materialized (
    select d.id, coalesce(d.endpoint_id, d.lane) as lane, d.org_id, d.endpoint_id, d.due_at
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
    order by d.due_at
    limit max_deliveries
  ), lane as materialized (
    select l.*, r.*
    from (
      select due.lane, due.org_id, due.endpoint_id, pg_catalog.count(*) as due, pg_catalog.min(due.due_at) as due_at
      from due
      group by due.lane, due.org_id, due.endpoint_id
    ) as l
    cross join lateral etl_api.lane_room(l.lane, l.org_id, l.endpoint_id) as r
  ), placed as (
    select due.id, due.due_at, lane.room, lane.only_id, lane.held,
      pg_catalog.row_number() over (partition by due.lane, due.org_id order by due.due_at) as place
    from due
    join lane on lane.lane = due.lane and lane.org_id = due.org_id
  )
  select
    array(
      select p.id
      from (
        select placed.id, placed.due_at
        from placed
        where placed.only_id is null and (placed.room is null or placed.place <= placed.room)
        union all
        select lane.only_id, lane.due_at
        from lane
        where lane.only_id is not null
      ) as p
      order by p.due_at) as ids,
    array(select placed.id from placed where placed.held) as held,
    array(select lane.lane from lane where lane.wants and lane.due >= lane.room order by lane.lane) as wanting,
    array(select lane.org_id from lane where lane.wants and lane.due >= lane.room order by lane.lane) as wanting_orgs,
    array(select lane.lane from lane where lane.room is not null) as limited,
    (select pg_catalog.count(*) from due) as due
  into front;

  picked := front.ids;
  if front.held <> '{}' then
    perform etl_api.hold_due_messages(front.held);
  end if;
  if front.wanting <> '{}' then
    perform etl_api.want_lanes(front.wanting, front.wanting_orgs);
  end if;
  -- What lies behind messages that may not be sent now is looked for by lane.
  if front.due = max_deliveries and pg_catalog.cardinality(picked) < max_deliveries then
    picked := picked || etl_api.pick_from_lanes(max_deliveries - pg_catalog.cardinality(picked), front.limited, picked);
  end if;
  return picked;
end
$$;

comment on function etl_api.pick_deliveries(int) is
  'Messages that are due and that their lanes have room for, the longest due first: of those due longest, then, where these are held up, of other lanes in turn. Puts aside messages whose endpoint is disabled, and notes which lanes could have used more room. Locks none of what it returns.';

revoke execute on function etl_api.pick_deliveries(int) from public;
grant execute on function etl_api.pick_deliveries(int) to service_role;

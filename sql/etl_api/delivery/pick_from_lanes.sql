create or replace function etl_api.pick_from_lanes(places int, full_lanes uuid[], picked uuid[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  -- From a place that each call draws anew, round to it again: when there are more lanes than one call looks at, each
  -- has its turn.
  first constant uuid := pg_catalog.gen_random_uuid();
  at uuid := first;
  round boolean := false;
  next record;
  lanes uuid[] := array[]::uuid[];
  org_ids uuid[] := array[]::uuid[];
  rooms int[] := array[]::int[];
  wants boolean[] := array[]::boolean[];
  only_ids uuid[] := array[]::uuid[];
  given record;
begin
  -- From lane to lane by the index, never through the messages of one; as many as there are places, so a loop.
  for visit in 1..3000 loop
    select d.lane, d.org_id, d.endpoint_id, d.due_at into next
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.lane > at
    order by d.lane, d.due_at
    limit 1;
    if not found or round and next.lane > first then
      exit when round;
      round := true;
      at := '00000000-0000-0000-0000-000000000000';
      continue;
    end if;
    at := next.lane;
    continue when next.due_at > utils.now() or at = any (full_lanes);
    declare
      space constant record := etl_api.lane_room(at, next.org_id, next.endpoint_id);
    begin
      if space.held then
        perform etl_api.hold_messages(array[at], 1000);
      end if;
      continue when space.room <= 0 and not space.wants;
      lanes := lanes || at;
      org_ids := org_ids || next.org_id;
      rooms := rooms || greatest(coalesce(space.room, places), 0);
      wants := wants || space.wants;
      only_ids := only_ids || space.only_id;
    end;
    exit when pg_catalog.cardinality(lanes) >= places;
  end loop;

  -- The first of each lane, then the second of each, and so on.
  with taken as materialized (
    select l.lane, d.id, d.place, d.due_at
    from unnest(lanes, rooms, only_ids) as l (lane, room, only_id)
    cross join lateral (
      select m.id, m.due_at, pg_catalog.row_number() over (order by m.due_at) as place
      from (
        select due.id, due.due_at
        from public.delivery as due
        where due.lane = l.lane
          and due.state in ('waiting', 'ready')
          and due.due_at <= utils.now()
          and (l.only_id is null or due.id = l.only_id)
          and due.id <> all (picked)
        order by due.due_at
        limit case when l.only_id is null then least(l.room, 1 + 4 * places / pg_catalog.cardinality(lanes)) end
      ) as m
    ) as d
    order by d.place, d.due_at
    limit places
  ), used as (
    select l.lane, l.org_id
    from unnest(lanes, org_ids, rooms, wants) as l (lane, org_id, room, wants)
    where l.wants
      and l.room <= (select pg_catalog.count(*) from taken where taken.lane = l.lane)
  )
  select
    array(select taken.id from taken order by taken.place, taken.due_at) as ids,
    array(select used.lane from used order by used.lane) as wanting,
    array(select used.org_id from used order by used.lane) as wanting_orgs
  into given;
  if given.wanting <> '{}' then
    perform etl_api.want_lanes(given.wanting, given.wanting_orgs);
  end if;
  return given.ids;
end
$$;

comment on function etl_api.pick_from_lanes(int, uuid[], uuid[]) is
  'Messages that are due from lanes that have room, the lanes in turn, other than those of full_lanes and those picked before; at most as many as there are places. Looks at no more than 3,000 lanes.';

revoke execute on function etl_api.pick_from_lanes(int, uuid[], uuid[]) from public;
grant execute on function etl_api.pick_from_lanes(int, uuid[], uuid[]) to service_role;

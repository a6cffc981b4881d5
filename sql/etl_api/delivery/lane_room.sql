create or replace function etl_api.lane_room(
  lane uuid, org_id uuid, endpoint_id uuid,
  out room int, out held boolean, out wants boolean, out only_id uuid)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  known record;
  target record;
begin
  -- room null: no limit. Messages older than lanes have none.
  if lane = '00000000-0000-0000-0000-000000000000' then
    return;
  end if;
  select l.at_once, l.wanted, l.head_id into known
  from etl_api.delivery_lane as l
  where l.lane = lane_room.lane;
  if found and known.at_once is null then
    return;
  end if;

  select e.disabled_at is not null as disabled, o.deleted_at is not null as deleted,
    coalesce(e.ordered, false) or o.settings -> 'ordered_deliveries' = 'true' as ordered
  into target
  from public.org as o
  left join public.webhook_endpoint as e on e.id = lane_room.endpoint_id and e.org_id = o.id
  where o.id = lane_room.org_id;
  held := coalesce(target.disabled, false);
  wants := false;
  if held or target.deleted then
    room := 0;
  elsif target.ordered then
    only_id := etl_api.next_in_order(lane, known.head_id);
    room := case when only_id is null then 0 else 1 end;
  else
    room := coalesce(known.at_once, utils.int_or_null(etl_api.setting_value('lane_start')), 20);
    wants := known.wanted is not true;
    room := room - (
      select pg_catalog.count(*)
      from (
        select 1
        from public.delivery as d
        where d.lane = lane_room.lane
          and d.state = 'in_progress'
        limit lane_room.room
      ) as flight);
  end if;
end
$$;

comment on function etl_api.lane_room(uuid, uuid, uuid) is
  'How many more messages of a lane may be sent now (room; null: no limit), whether its endpoint is disabled (held), whether a claim that could have taken more should say so (wants), and where messages go in order, the only one that may go (only_id).';

revoke execute on function etl_api.lane_room(uuid, uuid, uuid) from public;
grant execute on function etl_api.lane_room(uuid, uuid, uuid) to service_role;

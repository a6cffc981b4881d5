create or replace function etl_api.explain_lane(id uuid, lane uuid, org_id uuid) returns setof text
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  known etl_api.delivery_lane;
  flight constant bigint := (
    select pg_catalog.count(*)
    from public.delivery as d
    where d.lane = explain_lane.lane
      and d.state = 'in_progress');
  first_id uuid;
begin
  select l.* into known
  from etl_api.delivery_lane as l
  where l.lane = explain_lane.lane;
  if etl_api.is_ordered(lane, org_id) then
    first_id := coalesce(
      (select d.id from public.delivery as d where d.lane = explain_lane.lane and d.state = 'in_progress' limit 1),
      (select d.id from public.delivery as d where d.id = known.head_id and d.state in ('waiting', 'ready')),
      (select d.id
       from public.delivery as d
       where d.lane = explain_lane.lane and d.state in ('waiting', 'ready')
       order by d.due_at, d.activity_request_id is null, d.created_at, d.id
       limit 1));
    if first_id <> id then
      return next pg_catalog.format('Messages go there one after the other, and message %s goes first: etl_api.explain(%L).', first_id, first_id);
    end if;
  elsif known.at_once < coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20) and flight >= known.at_once then
    return next pg_catalog.format('Its address answers late or not at all, so no more than %s sent there at once, and so many are under way.',
      etl_api.explain_count(known.at_once, 'message is', 'messages are'));
  end if;
end
$$;

comment on function etl_api.explain_lane(uuid, uuid, uuid) is
  'What holds up a message that waits: one that goes before it where messages go in order, or an address that answers late or not at all; no row when nothing does.';

revoke execute on function etl_api.explain_lane(uuid, uuid, uuid) from public;

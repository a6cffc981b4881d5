create or replace function etl_api.lane_is_plain(lane uuid, org_id uuid, endpoint_id uuid, due bigint, at_once int) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
      select o.deleted_at is null
        and o.settings -> 'ordered_deliveries' is distinct from 'true'
        and e.disabled_at is null
        and e.ordered is not true
      from (select 1) as one
      left join public.org as o on o.id = lane_is_plain.org_id
      left join public.webhook_endpoint as e on e.id = lane_is_plain.endpoint_id and e.org_id = lane_is_plain.org_id)
    and coalesce(at_once, utils.int_or_null(etl_api.setting_value('lane_start')), 20) > due + (
      select pg_catalog.count(*)
      from public.delivery as d
      where d.lane = lane_is_plain.lane
        and d.state = 'in_progress');
end
$$;

comment on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) is
  'Whether all that is due of a lane, so many, may simply be sent: its endpoint is in use and not ordered, and at_once (null: what a lane begins with) is more than that and what is under way.';

revoke execute on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) from public;
grant execute on function etl_api.lane_is_plain(uuid, uuid, uuid, bigint, int) to service_role;

create or replace function etl_api.want_lanes(lanes uuid[], org_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  insert into etl_api.delivery_lane as known (lane, org_id, at_once, wanted, changed_at)
  select w.lane, w.org_id, coalesce(utils.int_or_null(etl_api.setting_value('lane_start')), 20), true, utils.now()
  from unnest(lanes, org_ids) as w (lane, org_id)
  order by w.lane
  on conflict (lane) do update
  set wanted = true,
      changed_at = utils.now()
  where not known.wanted
    and known.at_once is not null;
end
$$;

comment on function etl_api.want_lanes(uuid[], uuid[]) is
  'Notes that these lanes could have been sent more than they may have under way, so that their next success lets them have more.';

revoke execute on function etl_api.want_lanes(uuid[], uuid[]) from public;
grant execute on function etl_api.want_lanes(uuid[], uuid[]) to service_role;

create or replace function etl_api.release_held(max_rows int) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  lanes constant uuid[] := array(
    select l.lane
    from etl_api.delivery_lane as l
    where l.releasing
    order by l.lane
    for update skip locked);
  open_lanes uuid[];
begin
  if lanes = '{}' then
    return 0;
  end if;
  open_lanes := array(
    select e.id
    from public.webhook_endpoint as e
    where e.id = any (lanes)
      and e.disabled_at is null);
  -- Whoever has more than that left notes it again.
  update etl_api.delivery_lane as l
  set releasing = false
  where l.lane = any (lanes);
  return etl_api.release_messages(open_lanes, greatest(1, max_rows / greatest(1, pg_catalog.cardinality(open_lanes))));
end
$$;

comment on function etl_api.release_held(int) is
  'Lets go on with messages that were put aside and whose endpoint is in use again, where they were too many for one statement. Returns how many. Part of recover().';

revoke execute on function etl_api.release_held(int) from public;
grant execute on function etl_api.release_held(int) to service_role;

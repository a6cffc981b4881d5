create or replace function etl_api.drain_advance_queue(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  activity_ids uuid[];
begin
  with noted as (
    delete from etl_api.advance_queue as a
    where a.id in (
      select n.id
      from etl_api.advance_queue as n
      order by n.id
      limit max_rows
      for update skip locked)
    returning a.activity_request_id
  )
  select pg_catalog.array_agg(distinct noted.activity_request_id) into activity_ids
  from noted;
  if activity_ids is null then
    return 0;
  end if;

  perform etl_api.advance_noted_activities(activity_ids);
  return pg_catalog.cardinality(activity_ids);
end
$$;

comment on function etl_api.drain_advance_queue(int) is
  'Looks again at the activity requests noted in advance_queue: creates the runs they need next, or ends them; see advance_noted_activities. Returns how many.';

revoke execute on function etl_api.drain_advance_queue(int) from public;
grant execute on function etl_api.drain_advance_queue(int) to service_role;

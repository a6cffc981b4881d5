create or replace function etl_api.ring_for_due_work() returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  deleted constant uuid[] := etl_api.deleted_orgs();
  rung int := 0;
begin
  if exists (select 1 from etl_api.advance_queue)
    or exists (
      -- What a source could be sent now; what waits for a limit or a budget rings when that ends.
      select 1
      from etl_api.source_room(etl_api.due_sources(), 1) as s
      cross join lateral etl_api.due_orgs(array[s.source_id], array[null::uuid], array[s.capacity], 1)
      where s.capacity > 0)
  then
    perform etl_api.ring('execute-runs');
    rung := rung + 1;
  end if;
  if exists (
    select 1
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now()
      and d.org_id <> all (deleted))
  then
    perform etl_api.ring('deliver-webhooks');
    rung := rung + 1;
  end if;
  return rung;
end
$$;

comment on function etl_api.ring_for_due_work() is
  'Wakes the edge functions for which work is due, should an earlier bell be lost: HTTP requests and runs that limits and budgets allow now, and messages. Returns how many.';

revoke execute on function etl_api.ring_for_due_work() from public;
grant execute on function etl_api.ring_for_due_work() to service_role;

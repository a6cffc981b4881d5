create or replace function etl_api.ring_for_due_work() returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  rung int := 0;
begin
  if exists (select 1 from etl_api.advance_queue)
    or exists (
      -- By source, because the indexes of what is due are.
      select 1
      from public.source as s
      where s.enabled
        and (exists (
            select 1
            from public.run_queue as q
            where q.source_id = s.id
              and q.state in ('waiting', 'ready')
              and q.due_at <= utils.now())
          or exists (
            select 1
            from public.run_request as r
            where r.source_id = s.id
              and r.state in ('waiting', 'ready')
              and r.due_at <= utils.now())))
  then
    perform etl_api.ring('execute-runs');
    rung := rung + 1;
  end if;
  if exists (
    select 1
    from public.delivery as d
    where d.state in ('waiting', 'ready')
      and d.due_at <= utils.now())
  then
    perform etl_api.ring('deliver-webhooks');
    rung := rung + 1;
  end if;
  return rung;
end
$$;

comment on function etl_api.ring_for_due_work() is
  'Wakes the edge functions for which work is due, should an earlier bell be lost. Returns how many.';

revoke execute on function etl_api.ring_for_due_work() from public;
grant execute on function etl_api.ring_for_due_work() to service_role;

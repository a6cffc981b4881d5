create or replace function etl_api.next_in_order(lane uuid, head_id uuid) returns uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  head record;
begin
  if exists (
    select 1
    from public.delivery as d
    where d.lane = next_in_order.lane
      and d.state = 'in_progress')
  then
    return null;
  end if;
  -- One that failed goes again before any other, and while it waits for that, all wait.
  select d.id, d.due_at into head
  from public.delivery as d
  where d.id = head_id
    and d.state in ('waiting', 'ready');
  if not found then
    -- Written by one transaction, an activity's message comes before that of the whole.
    select d.id, d.due_at into head
    from public.delivery as d
    where d.lane = next_in_order.lane
      and d.state in ('waiting', 'ready')
    order by d.due_at, d.activity_request_id is null, d.created_at, d.id
    limit 1;
  end if;
  return case when head.due_at <= utils.now() then head.id end;
end
$$;

comment on function etl_api.next_in_order(uuid, uuid) is
  'The message of a lane that goes next where messages go in order: head_id, the one that failed last, while it is open; else the oldest. Null while one is under way or the next one is not due.';

revoke execute on function etl_api.next_in_order(uuid, uuid) from public;
grant execute on function etl_api.next_in_order(uuid, uuid) to service_role;

create or replace function etl_api.hold_messages(endpoint_ids uuid[], most int) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  open_ids constant uuid[] := array(
    select d.id
    from unnest(endpoint_ids) as e (id)
    cross join lateral (
      select m.id
      from public.delivery as m
      where m.lane = e.id
        and m.state in ('waiting', 'ready')
        and m.due_at < 'infinity'
      order by m.due_at
      limit most
    ) as d);
begin
  if open_ids <> '{}' then
    perform etl_api.hold_due_messages(open_ids);
  end if;
end
$$;

comment on function etl_api.hold_messages(uuid[], int) is
  'Puts aside the messages of disabled endpoints that are still to be sent, of each at most so many; a claim that meets others puts them aside too.';

revoke execute on function etl_api.hold_messages(uuid[], int) from public;
grant execute on function etl_api.hold_messages(uuid[], int) to service_role;

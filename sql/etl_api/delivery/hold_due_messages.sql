create or replace function etl_api.hold_due_messages(delivery_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  fault_state text;
  fault_message text;
begin
  begin
    -- Whoever puts an endpoint to use again lets go what was put aside until then: not what is put aside after.
    perform 1
    from public.webhook_endpoint as e
    where e.id in (select d.endpoint_id from public.delivery as d where d.id = any (delivery_ids))
    order by e.id
    for share;
    -- One that somebody has just now is met again. It was taken to be sent, and is put aside unsent.
    with held as (
      select d.id
      from unnest(delivery_ids) as h (id)
      cross join lateral (
        select due.id, due.state
        from public.delivery as due
        where due.id = h.id
        offset 0
        for update skip locked
      ) as d
      where d.state in ('waiting', 'ready')
    )
    update public.delivery as d
    set state = 'waiting',
        state_via = case when d.state = 'ready' then '{in_progress}'::public.delivery_state[] end,
        state_substate = 'endpoint_disabled',
        lane = d.endpoint_id,
        due_at = 'infinity'
    from held
    where d.id = held.id
      and d.endpoint_id in (select e.id from public.webhook_endpoint as e where e.id = d.endpoint_id and e.disabled_at is not null);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if pg_catalog.cardinality(delivery_ids) > 1 then
    perform etl_api.hold_due_messages(array[one.id])
    from unnest(delivery_ids) as one (id);
    return;
  end if;
  perform etl_api.logger_stuck('delivery', 'A message could not be put aside.', 'delivery', delivery_ids[1], fault_state,
    fault_message);
end
$$;

comment on function etl_api.hold_due_messages(uuid[]) is
  'Puts aside messages whose endpoint is disabled (endpoint_disabled): they wait until it is in use again. One that cannot be put aside stays as it is, in the log.';

revoke execute on function etl_api.hold_due_messages(uuid[]) from public;
grant execute on function etl_api.hold_due_messages(uuid[]) to service_role;

create or replace function etl_api.release_deliveries(leases jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  released int;
begin
  with held as (
    select d.id
    from etl_api.leases_given(leases, 'delivery_id') as g
    join public.delivery as d
      on d.id = g.id
      and d.lease_token = g.lease_token
      and d.state = 'in_progress'
      and d.lease_until > utils.now()
    order by d.id
    for no key update of d
  )
  -- It keeps its time: what was handed back goes before what came after it.
  update public.delivery as d
  set state = 'ready',
      state_via = null,
      state_substate = 'released',
      attempts = d.attempts - 1,
      lease_until = null,
      lease_token = null
  from held
  where d.id = held.id;
  get diagnostics released = row_count;
  if released > 0 then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return released;
end
$$;

comment on function etl_api.release_deliveries(jsonb) is
  'Hands back claimed messages that were not sent: [{"delivery_id", "lease_token"}]. They are ready again at once and the attempt does not count. Returns how many; a lost lease changes nothing.';

revoke execute on function etl_api.release_deliveries(jsonb) from public;
grant execute on function etl_api.release_deliveries(jsonb) to service_role;

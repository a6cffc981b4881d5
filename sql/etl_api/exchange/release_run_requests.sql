create or replace function etl_api.release_run_requests(leases jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  released int;
begin
  -- No workflow lock: a hand-back changes only the row whose lease it proves, as a claim does.
  with held as (
    select r.id
    from etl_api.leases_given(leases, 'run_request_id') as g
    join public.run_request as r
      on r.id = g.id
      and r.lease_token = g.lease_token
      and r.state = 'in_progress'
      and r.lease_until > utils.now()
    order by r.id
    for no key update of r
  )
  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = 'released',
      attempts = r.attempts - 1,
      due_at = utils.now(),
      lease_until = null,
      lease_token = null
  from held
  where r.id = held.id;
  get diagnostics released = row_count;
  if released > 0 then
    perform etl_api.ring('execute-runs');
  end if;
  return released;
end
$$;

comment on function etl_api.release_run_requests(jsonb) is
  'Hands back claimed HTTP requests that were not sent: [{"run_request_id", "lease_token"}]. They are ready again at once and the attempt does not count. Returns how many; a lost lease changes nothing.';

revoke execute on function etl_api.release_run_requests(jsonb) from public;
grant execute on function etl_api.release_run_requests(jsonb) to service_role;

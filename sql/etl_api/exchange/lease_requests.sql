create or replace function etl_api.lease_requests(worker text, run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease interval;
begin
  if run_request_ids <> '{}' then
    lease := etl_api.time_limit(null, 'lease_seconds');
    update public.run_request as r
    set state = 'in_progress',
        state_via = case when r.state = 'waiting' then '{ready}'::public.run_request_state[] end,
        state_substate = null,
        attempts = r.attempts + 1,
        lease_until = moment + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
        lease_token = pg_catalog.gen_random_uuid(),
        worker = lease_requests.worker,
        claimed_at = moment
    from public.source as s
    where r.id = any (run_request_ids)
      and s.id = r.source_id;
  end if;
  return run_request_ids;
end
$$;

comment on function etl_api.lease_requests(text, uuid[]) is
  'Gives HTTP requests that are due to a worker, each with a lease. Returns their ids. The caller holds their rows.';

revoke execute on function etl_api.lease_requests(text, uuid[]) from public;
grant execute on function etl_api.lease_requests(text, uuid[]) to service_role;

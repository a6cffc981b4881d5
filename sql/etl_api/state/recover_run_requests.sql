create or replace function etl_api.recover_run_requests(run_request_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  last_ids uuid[];
begin
  select coalesce(pg_catalog.array_agg(r.id order by r.id), '{}') into last_ids
  from public.run_request as r
  join public.source as s on s.id = r.source_id
  where r.id = any (run_request_ids)
    and r.state = 'in_progress'
    and r.lease_until <= utils.now()
    and r.attempts >= utils.number_or(s.retry_policy -> 'max_attempts', 5);

  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = 'lease_expired',
      due_at = utils.now(),
      lease_until = null,
      lease_token = null
  where r.id = any (run_request_ids)
    and r.id <> all (last_ids)
    and r.state = 'in_progress'
    and r.lease_until <= utils.now();
  get diagnostics again = row_count;

  given_up := pg_catalog.cardinality(last_ids);
  if given_up > 0 then
    perform etl_api.end_run_requests(last_ids, 'lease_expired',
      'Its last attempt was claimed, but nothing was heard of it before its lease ended.');
  end if;
end
$$;

comment on function etl_api.recover_run_requests(uuid[]) is
  'Takes back those of these HTTP requests whose lease has ended: ready again while attempts are left, else failed. The caller holds the workflow locks.';

revoke execute on function etl_api.recover_run_requests(uuid[]) from public;
grant execute on function etl_api.recover_run_requests(uuid[]) to service_role;

create or replace function etl_api.end_run_requests(run_request_ids uuid[], code text, message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.run_request as r
  set state = 'failed',
      state_via = case r.state
        when 'waiting' then '{ready,in_progress}'
        when 'ready' then '{in_progress}'
      end::public.run_request_state[],
      state_substate = end_run_requests.code,
      error = pg_catalog.jsonb_build_object('code', end_run_requests.code, 'message', end_run_requests.message),
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
  from (select given.id from unnest(run_request_ids) as given (id) limit pg_catalog.cardinality(run_request_ids)) as i
  where r.id = i.id
    and r.state in ('waiting', 'ready', 'in_progress');
end
$$;

comment on function etl_api.end_run_requests(uuid[], text, text) is
  'Ends HTTP requests as failed with a code and a sentence, and by trg_mark_run_done the runs they carry. The caller holds the workflow locks.';

revoke execute on function etl_api.end_run_requests(uuid[], text, text) from public;
grant execute on function etl_api.end_run_requests(uuid[], text, text) to service_role;

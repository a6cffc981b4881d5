create or replace function etl_api.settle_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  update public.run_request as r
  set state = case
        when a.verdict in ('map', 'ask') then 'done'::public.run_request_state
        when a.verdict in ('poll', 'retry') then 'waiting'
        else 'failed'
      end,
      state_via = null,
      state_substate = case a.verdict when 'poll' then 'polling' when 'retry' then 'backoff' else a.code end,
      due_at = coalesce(a.due_at, r.due_at),
      -- A poll that was answered starts its attempts anew: they count failures in a row.
      attempts = case when a.verdict = 'poll' then 0 else r.attempts end,
      polls = r.polls + (a.verdict = 'poll')::int,
      external_id = a.external_id,
      lease_until = null,
      lease_token = null,
      http_status = a.http_status,
      error = case when a.code is not null then pg_catalog.jsonb_build_object('code', a.code, 'message', a.message) end,
      finished_at = case when a.verdict not in ('poll', 'retry') then moment end
  -- The limit makes the planner think of one row, and so of a look-up by key, whatever it thinks of the table.
  from (select given.* from unnest(answers) as given limit pg_catalog.cardinality(answers)) as a
  where r.id = a.run_request_id
    and r.org_id = a.org_id;
end
$$;

comment on function etl_api.settle_answers(etl_api.answer[]) is
  'Moves HTTP requests on as their verdicts say; what has ended ends its runs by trg_mark_run_done. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_answers(etl_api.answer[]) from public;
grant execute on function etl_api.settle_answers(etl_api.answer[]) to service_role;

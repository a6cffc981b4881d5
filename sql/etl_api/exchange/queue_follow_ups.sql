create or replace function etl_api.queue_follow_ups(
  before_ids uuid[], kinds text[], pages int[], cursors jsonb[], external_ids text[], due_ats timestamptz[],
  costs numeric[], requests jsonb[], missing jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  request_ids uuid[] := array(select utils.new_id() from unnest(before_ids));
  verdicts text[];
begin
  -- A further page costs what the first one does. One that only the month's budget does not allow waits for it.
  if 0 < any (costs) then
    select etl_api.spend_budgets(
        pg_catalog.array_agg(b.org_id order by t.item),
        pg_catalog.array_agg(b.workflow_request_id order by t.item),
        pg_catalog.array_agg(case when t.request is not null then t.cost end order by t.item),
        reserve => true)
    into verdicts
    from unnest(before_ids, costs, requests) with ordinality as t (before_id, cost, request, item)
    join public.run_request as b on b.id = t.before_id;
  end if;

  -- What cannot be rendered, or be paid at all, is never queued; its chain ends with it.
  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, page, cursor, external_id, cost,
     state, state_via, state_substate, due_at, error, created_at, finished_at, request)
  select t.id, b.org_id, b.workflow_request_id, b.activity_request_id, b.source_id, t.kind, b.root_id, t.page, t.cursor,
    t.external_id, case when f.refused is null then t.cost else 0 end,
    case when f.refused is not null then 'invalid' else 'waiting' end::public.run_request_state,
    case when f.refused is not null then '{new}' else '{new,valid}' end::public.run_request_state[],
    case when f.refused is not null then f.refused
      when t.kind = 'status' then 'polling'
      when t.verdict = 'month' then 'budget' end,
    case when t.verdict = 'month' then etl_api.budget_retry_at() else t.due_at end,
    case f.refused
      when 'missing_value' then etl_api.missing_error(t.missing, t.kind, b.source_id)
      when 'budget_exceeded' then etl_api.budget_error(b.workflow_request_id, b.source_id)
    end,
    utils.now(),
    case when f.refused is not null then utils.now() end,
    t.request
  from unnest(request_ids, before_ids, kinds, pages, cursors, external_ids, due_ats, costs, requests, missing, verdicts)
    as t (id, before_id, kind, page, cursor, external_id, due_at, cost, request, missing, verdict)
  join public.run_request as b on b.id = t.before_id
  cross join lateral (
    select case when t.request is null then 'missing_value' when t.verdict = 'workflow' then 'budget_exceeded' end as refused
  ) as f;
end
$$;

comment on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) is
  'Queues HTTP requests that follow those in before_ids; what could not be rendered (its request is null) or the workflow''s budget does not allow becomes invalid. The caller holds the workflow locks.';

revoke execute on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) from public;
grant execute on function etl_api.queue_follow_ups(uuid[], text[], int[], jsonb[], text[], timestamptz[], numeric[], jsonb[], jsonb[]) to service_role;

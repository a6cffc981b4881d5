create or replace function etl_api.settle_allocation(
  run_ids uuid[], run_items int[], org_ids uuid[], activity_request_ids uuid[], request_ids uuid[], fates text[],
  missing jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  -- For those whose activity says nothing of its own.
  usual_limit constant interval := etl_api.time_limit(null, 'run_timeout_seconds');
begin
  -- A run that keeps waiting is written once, when it begins to wait for the budget. A limit of about the rows there
  -- are, and offset 0, keep look-ups by key from becoming joins over the table.
  update public.run_queue as q
  set state = case t.fate when 'sent' then 'in_progress' when 'budget' then q.state::text else 'invalid' end::public.run_queue_state,
      state_via = case
        when t.fate = 'sent' and q.state = 'waiting' then '{ready}'
        when t.fate in ('missing_value', 'budget_exceeded') and q.state = 'ready' then '{in_progress,waiting}'
      end::public.run_queue_state[],
      state_substate = nullif(t.fate, 'sent'),
      error = case t.fate
        when 'missing_value' then etl_api.missing_error(missing[t.item], 'run', q.source_id)
        when 'budget_exceeded' then etl_api.budget_error(q.workflow_request_id, q.source_id)
      end,
      run_request_id = case when t.fate = 'sent' then request_ids[t.item] end,
      timeout_at = case when t.fate = 'budget' then q.timeout_at else moment + t.time_limit end,
      finished_at = case when t.fate in ('missing_value', 'budget_exceeded') then moment end
  from (
    select r.id, r.item, fates[r.item] as fate,
      case when ar.config ? 'run_timeout_seconds' then etl_api.time_limit(ar.config, 'run_timeout_seconds')
        else usual_limit end as time_limit
    from (
      select r.id, r.item
      from unnest(run_ids, run_items) as r (id, item)
      limit pg_catalog.cardinality(run_ids)
    ) as r
    cross join lateral (
      select asking.config
      from public.activity_request as asking
      where asking.id = activity_request_ids[r.item]
      offset 0
    ) as ar
  ) as t
  where q.id = t.id
    and (t.fate <> 'budget' or q.state_substate is distinct from 'budget');

  perform etl_api.add_org_counts(pg_catalog.array_agg(sent.org_id), runs => pg_catalog.array_agg(sent.count))
  from (
    select org_ids[r.item] as org_id, pg_catalog.count(*)
    from unnest(run_items) as r (item)
    where fates[r.item] = 'sent'
    group by org_ids[r.item]
  ) as sent
  having pg_catalog.count(*) > 0;

  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select distinct t.activity_request_id, t.org_id, moment
  from unnest(activity_request_ids, org_ids, fates) as t (activity_request_id, org_id, fate)
  where t.fate in ('missing_value', 'budget_exceeded');
  -- The turns of what was not sent are free for others.
  if fates && '{missing_value,budget_exceeded,budget}' then
    perform etl_api.ring('execute-runs');
  end if;
end
$$;

comment on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) is
  'Moves runs on as allocate_source_runs has decided: run_ids[i] goes with entry run_items[i] of the other lists, whose fate is sent, missing_value, budget_exceeded or budget.';

revoke execute on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) from public;
grant execute on function etl_api.settle_allocation(uuid[], int[], uuid[], uuid[], uuid[], text[], jsonb[]) to service_role;

create or replace function etl_api.send_runs_again(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  taken record;
begin
  select pg_catalog.array_agg(t.item order by t.place) as run_items,
    pg_catalog.array_agg(q.source_id order by t.place) filter (where t.is_first) as sources,
    pg_catalog.array_agg(q.org_id order by t.place) filter (where t.is_first) as orgs,
    pg_catalog.array_agg(q.workflow_request_id order by t.place) filter (where t.is_first) as workflows,
    pg_catalog.array_agg(q.activity_request_id order by t.place) filter (where t.is_first) as activities,
    pg_catalog.array_agg(s.cost_per_run order by t.place) filter (where t.is_first) as costs
  into taken
  from (
    -- The items that are left, numbered from 1 again.
    select r.id, r.place, pg_catalog.dense_rank() over (order by r.item)::int as item,
      pg_catalog.row_number() over (partition by r.item order by r.place) = 1 as is_first
    from unnest(run_ids, run_items) with ordinality as r (id, item, place)
  ) as t
  join public.run_queue as q on q.id = t.id
  join public.source as s on s.id = q.source_id;
  return etl_api.send_runs(
    worker, run_ids, taken.run_items, taken.sources, taken.orgs, taken.workflows, taken.activities, taken.costs);
end
$$;

comment on function etl_api.send_runs_again(text, uuid[], int[]) is
  'send_runs for a part of what take_due_runs took: run_items tells, ascending, which runs go in one request. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs_again(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs_again(text, uuid[], int[]) to service_role;

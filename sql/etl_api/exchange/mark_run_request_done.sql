create or replace function public.mark_run_request_done() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  root_ids uuid[];
  activity_ids uuid[];
begin
  -- Old and new rows have no index: grouped by their id they meet at once, whatever joins are switched off above.
  select pg_catalog.array_agg(changed.root_id), pg_catalog.array_agg(changed.activity_request_id)
  into root_ids, activity_ids
  from (
    select distinct both_rows.root_id, both_rows.activity_request_id
    from (
      select n.id, n.root_id, n.activity_request_id, n.state as is_now, null as was
      from new_rows as n
      union all
      select o.id, o.root_id, o.activity_request_id, null, o.state
      from old_rows as o
    ) as both_rows
    group by both_rows.id, both_rows.root_id, both_rows.activity_request_id
    having pg_catalog.max(both_rows.is_now) in ('done', 'failed', 'timedout', 'invalid')
      and pg_catalog.max(both_rows.is_now) is distinct from pg_catalog.max(both_rows.was)
  ) as changed;
  if root_ids is not null then
    perform etl_api.advance_activities(etl_api.end_runs(root_ids, activity_ids));
  end if;
  return null;
end
$$;

comment on function public.mark_run_request_done() is
  'Ends the runs whose chain of HTTP requests a statement has ended, and moves their activities on.';

revoke execute on function public.mark_run_request_done() from public, anon, authenticated;

create or replace function public.mark_run_request_done() returns trigger
language plpgsql
security definer
set search_path = ''
-- Old and new rows have no index: a hash joins them, whatever the functions above switch off for tables.
set enable_hashjoin = on
as $$
declare
  root_ids uuid[];
begin
  -- A chain of requests is over when none of it is open; the runs it carried end with it.
  select pg_catalog.array_agg(distinct n.root_id) into root_ids
  from new_rows as n
  join old_rows as o on o.id = n.id
  where n.state in ('done', 'failed', 'timedout', 'invalid')
    and o.state is distinct from n.state
    and not exists (
      select 1
      from public.run_request as r
      where r.root_id = n.root_id
        and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      offset 0);
  if root_ids is not null then
    perform etl_api.advance_activities(etl_api.end_runs(root_ids));
  end if;
  return null;
end
$$;

comment on function public.mark_run_request_done() is
  'Ends the runs whose chain of HTTP requests a statement has ended, and moves their activities on.';

revoke execute on function public.mark_run_request_done() from public, anon, authenticated;

create or replace function public.trigger_run_executor() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select 1 from new_rows as n where n.state in ('waiting', 'ready') and n.due_at <= utils.now()) then
    perform etl_api.ring('execute-runs');
  end if;
  return null;
end
$$;

comment on function public.trigger_run_executor() is
  'Wakes the edge function that sends HTTP requests when a statement has left some to send.';

revoke execute on function public.trigger_run_executor() from public, anon, authenticated;

create or replace function etl_api.lock_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  -- One order for everybody, so that two holders of several locks cannot wait for each other. What is read
  -- after this call, in a statement of its own, sees all that the holders before us committed.
  perform 1
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
  order by w.id
  for no key update;
end
$$;

comment on function etl_api.lock_workflows(uuid[]) is
  'Locks workflow requests in the order of their ids. The row is the lock of its whole tree: whoever changes activities, runs, HTTP requests or deliveries, other than by claiming them, holds it.';

revoke execute on function etl_api.lock_workflows(uuid[]) from public;
grant execute on function etl_api.lock_workflows(uuid[]) to service_role;

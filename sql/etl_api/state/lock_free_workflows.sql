create or replace function etl_api.lock_free_workflows(workflow_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set lock_timeout = '2s'
as $$
begin
  -- Mostly somebody who holds one is done in a moment.
  begin
    perform etl_api.lock_workflows(workflow_request_ids);
    return workflow_request_ids;
  exception when lock_not_available then
    null;
  end;
  return array(
    select w.id
    from public.workflow_request as w
    where w.id = any (workflow_request_ids)
      and w.replay = 0
    order by w.id
    for no key update skip locked);
end
$$;

comment on function etl_api.lock_free_workflows(uuid[]) is
  'Locks workflow requests as lock_workflows does, but for those that somebody holds for more than two seconds, and returns the ids of the others: for whoever comes again, and must not be held up by a transaction that stays open.';

revoke execute on function etl_api.lock_free_workflows(uuid[]) from public;
grant execute on function etl_api.lock_free_workflows(uuid[]) to service_role;

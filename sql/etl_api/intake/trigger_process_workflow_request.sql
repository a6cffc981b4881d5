create or replace function etl_api.trigger_process_workflow_request() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  new_ids uuid[];
begin
  if tg_op = 'INSERT' then
    perform etl_api.remove_replays(array(
      select n.id
      from new_rows as n
      where n.replay <> 0));
    select pg_catalog.array_agg(n.id) into new_ids
    from new_rows as n
    where n.state = 'new'
      and n.replay = 0;
  else
    select pg_catalog.array_agg(n.id) into new_ids
    from new_rows as n
    where n.state = 'new'
      and n.replay = 0
      and (n.id, n.org_id) not in (
        select o.id, o.org_id
        from old_rows as o
        where o.state = 'new');
  end if;
  if new_ids is not null then
    perform etl_api.process_workflow_requests(new_ids);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_process_workflow_request() is
  'Takes in the requests that a statement has inserted or set back to new, after removing those that only repeat an idempotency_key.';

revoke execute on function etl_api.trigger_process_workflow_request() from public;

create or replace function etl_api.remove_replays(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  if workflow_request_ids <> '{}' then
    -- A replay seen here is this statement's own: those of others are gone before they could be seen.
    delete from public.workflow_request as w
    where w.id = any (workflow_request_ids)
      and w.replay <> 0;
  end if;
end
$$;

comment on function etl_api.remove_replays(uuid[]) is
  'Removes the rows that only carried the id of the first request under their idempotency_key.';

revoke execute on function etl_api.remove_replays(uuid[]) from public;
grant execute on function etl_api.remove_replays(uuid[]) to service_role;

create or replace function etl_api.find_replay() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- A unique key makes whoever comes second wait for the first one's commit, within one statement as between two.
  insert into etl_api.request_key (org_id, idempotency_key, workflow_request_id)
  values (new.org_id, new.idempotency_key, new.id)
  on conflict do nothing;
  if not found then
    select k.workflow_request_id into new.id
    from etl_api.request_key as k
    where k.org_id = new.org_id
      and k.idempotency_key = new.idempotency_key;
    new.replay := pg_catalog.nextval('etl_api.replay_no');
  end if;
  return new;
end
$$;

comment on function etl_api.find_replay() is
  'Gives a row under a used idempotency_key the id of the first request, for insert … returning id, and marks it as a replay; remove_replays takes it away when the statement ends.';

revoke execute on function etl_api.find_replay() from public;

drop trigger if exists find_replay on public.workflow_request;
create trigger find_replay
  before insert on public.workflow_request
  for each row
  when (pg_catalog.length(new.idempotency_key) between 1 and 255)
  execute function etl_api.find_replay();

comment on trigger find_replay on public.workflow_request is
  'A second row under the same idempotency_key returns the first one''s id and starts nothing.';

create or replace function etl_api.free_request_keys() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'TRUNCATE' then
    delete from etl_api.request_key;
  else
    delete from etl_api.request_key as k
    using old_rows as o
    where o.replay = 0
      and k.org_id = o.org_id
      and k.idempotency_key = o.idempotency_key
      and k.workflow_request_id = o.id;
  end if;
  return null;
end
$$;

comment on function etl_api.free_request_keys() is
  'Frees the idempotency keys of deleted requests.';

revoke execute on function etl_api.free_request_keys() from public;

drop trigger if exists free_request_keys on public.workflow_request;
create trigger free_request_keys
  after delete on public.workflow_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.free_request_keys();

drop trigger if exists free_request_keys_truncate on public.workflow_request;
create trigger free_request_keys_truncate
  after truncate on public.workflow_request
  for each statement
  execute function etl_api.free_request_keys();

comment on trigger free_request_keys on public.workflow_request is
  'The idempotency keys of deleted requests can be used again.';
comment on trigger free_request_keys_truncate on public.workflow_request is
  'The idempotency keys of deleted requests can be used again.';

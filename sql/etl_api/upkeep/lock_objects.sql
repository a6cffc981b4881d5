create or replace function etl_api.lock_objects() returns boolean
language plpgsql
set search_path = ''
-- Who stores objects waits as long as this does.
set lock_timeout = '200ms'
as $$
begin
  lock table public.object in share row exclusive mode;
  return true;
exception when lock_not_available then
  return false;
end
$$;

comment on function etl_api.lock_objects() is
  'Keeps everybody from storing objects until the transaction ends, as who does might find one that is about to be deleted. Returns false when others were busy with it for 200 ms.';

revoke execute on function etl_api.lock_objects() from public;

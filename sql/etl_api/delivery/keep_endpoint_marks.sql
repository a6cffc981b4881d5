create or replace function etl_api.keep_endpoint_marks() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- In use again, it begins anew.
  new.failing_since := null;
  new.disabled_reason := null;
  return new;
end
$$;

comment on function etl_api.keep_endpoint_marks() is
  'Forgets why an endpoint was disabled, and since when it failed, when it is put to use again.';

revoke execute on function etl_api.keep_endpoint_marks() from public;

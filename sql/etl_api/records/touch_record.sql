create or replace function etl_api.touch_record() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := utils.now();
  return new;
end
$$;

comment on function etl_api.touch_record() is
  'Notes when a row was last changed.';

revoke execute on function etl_api.touch_record() from public;

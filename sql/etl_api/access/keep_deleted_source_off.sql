create or replace function etl_api.keep_deleted_source_off() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and old.deleted_at is not null and new.enabled then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('source %s was deleted at %s: it cannot be switched on', new.id, new.deleted_at),
      hint = 'Set deleted_at to null first.';
  end if;
  new.enabled := false;
  return new;
end
$$;

comment on function etl_api.keep_deleted_source_off() is
  'Switches a source off when it is deleted, and refuses to switch it on while it is: so whatever heeds the switch heeds deleted_at. ETL07: it was deleted.';

revoke execute on function etl_api.keep_deleted_source_off() from public;

create or replace function etl_api.keep_deleted_endpoint_off() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and old.deleted_at is not null and new.disabled_at is null then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('webhook_endpoint %s was deleted at %s: it cannot be switched on', new.id, new.deleted_at),
      hint = 'Set deleted_at to null first.';
  end if;
  new.disabled_at := coalesce(new.disabled_at, new.deleted_at);
  return new;
end
$$;

comment on function etl_api.keep_deleted_endpoint_off() is
  'Switches an endpoint off when it is deleted, and refuses to switch it on while it is: so whatever heeds the switch heeds deleted_at. ETL07: it was deleted.';

revoke execute on function etl_api.keep_deleted_endpoint_off() from public;

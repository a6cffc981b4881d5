create or replace function etl_api.keep_deleted_off() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  was_deleted constant boolean := tg_op = 'UPDATE' and old.deleted_at is not null;
begin
  if new.deleted_at is null then
    return new;
  end if;
  if was_deleted and (tg_table_name = 'source' and (pg_catalog.to_jsonb(new) -> 'enabled') = 'true'
    or tg_table_name = 'webhook_endpoint' and (pg_catalog.to_jsonb(new) -> 'disabled_at') = 'null')
  then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s was deleted at %s: it cannot be switched on', tg_table_name, new.id, new.deleted_at),
      hint = 'Set deleted_at to null first.';
  end if;
  if tg_table_name = 'source' then
    new.enabled := false;
  else
    new.disabled_at := coalesce(new.disabled_at, new.deleted_at);
  end if;
  return new;
end
$$;

comment on function etl_api.keep_deleted_off() is
  'Switches a source or an endpoint off when it is deleted, and refuses to switch it on while it is: so whatever heeds the switch heeds deleted_at. ETL07: it was deleted.';

revoke execute on function etl_api.keep_deleted_off() from public;

drop trigger if exists keep_deleted_off on public.source;
create trigger keep_deleted_off
  before insert or update of deleted_at, enabled on public.source
  for each row
  when (new.deleted_at is not null)
  execute function etl_api.keep_deleted_source_off();
comment on trigger keep_deleted_off on public.source is 'What is deleted is switched off, and stays so.';

drop trigger if exists keep_deleted_off on public.webhook_endpoint;
create trigger keep_deleted_off
  before insert or update of deleted_at, disabled_at on public.webhook_endpoint
  for each row
  when (new.deleted_at is not null)
  execute function etl_api.keep_deleted_endpoint_off();
comment on trigger keep_deleted_off on public.webhook_endpoint is 'What is deleted is switched off, and stays so.';

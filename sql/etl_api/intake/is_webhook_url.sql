create or replace function etl_api.is_webhook_url(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.length(input) <= 2048
    and input ~* '^https?://(\[[0-9a-f:.]+\]|[^][\s/?#@:\\"<>^`{|}%]+)(:[0-9]{1,5})?([/?#][^\s\\"<>^`{|}]*)?$'
    and coalesce(pg_catalog.substring(input, '^[a-zA-Z]+://(?:\[[^]]*\]|[^/?#:]*):([0-9]{1,5})')::int, 443) between 1 and 65535;
end
$$;

comment on function etl_api.is_webhook_url(text) is
  'Whether a text is an http or https address that a message can be sent to: a host, no user or password, no blanks, at most 2,048 characters.';

revoke execute on function etl_api.is_webhook_url(text) from public;
grant execute on function etl_api.is_webhook_url(text) to service_role;

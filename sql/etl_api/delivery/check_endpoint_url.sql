create or replace function etl_api.check_endpoint_url() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if etl_api.is_webhook_url(new.url) is not true then
    -- What it says is not repeated: a password may be in it.
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('webhook_endpoint %s: url: it is an http or https address without user, password and spaces; this is none', new.id),
      hint = 'Give an address such as "https://client.example/hook". What it asks for to let messages in goes into headers, as <<$secret.NAME>>.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_endpoint_url() is
  'Refuses the address of an endpoint that no message could be sent to, or that has a password in it. ETL07.';

revoke execute on function etl_api.check_endpoint_url() from public;

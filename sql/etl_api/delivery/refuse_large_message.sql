create or replace function etl_api.refuse_large_message(bytes bigint, max_bytes bigint) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.refuse_limit('too_large', '$', bytes,
    pg_catalog.format('The message has %s bytes; no more than %s are sent (setting max_message_bytes).', bytes, max_bytes),
    'Ask for fewer objects or datapoints in one activity, or raise the setting.');
  return null;
end
$$;

comment on function etl_api.refuse_large_message(bigint, bigint) is
  'Refuses a message that is larger than the setting max_message_bytes: the claim that meets it ends it as failed (too_large). ETL09, always.';

revoke execute on function etl_api.refuse_large_message(bigint, bigint) from public;
grant execute on function etl_api.refuse_large_message(bigint, bigint) to service_role;

create or replace function etl_api.logger_endpoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Its address is left out: a client may have put a token there.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'warn', 'delivery',
      'A webhook endpoint was disabled: no message goes there until its disabled_at is null again.',
      n.org_id, null, null, null, pg_catalog.jsonb_build_object('endpoint_id', n.id))::etl_api.etl_log
    from new_rows as n
    join old_rows as o
      on o.id = n.id
      and o.org_id = n.org_id
    where o.disabled_at is null
      and n.disabled_at is not null));
  return null;
end
$$;

comment on function etl_api.logger_endpoints() is
  'Tells the log of webhook endpoints that were disabled, by a client''s 410 or by a person.';

revoke execute on function etl_api.logger_endpoints() from public;

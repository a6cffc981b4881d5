create or replace function etl_api.find_own_endpoint(endpoint_id uuid) returns public.webhook_endpoint
language plpgsql stable
set search_path = ''
as $$
declare
  found_one public.webhook_endpoint;
begin
  select e.* into found_one
  from public.webhook_endpoint as e
  where e.id = find_own_endpoint.endpoint_id
    and e.deleted_at is null
    and (etl_api.may_request(e.org_id) or e.org_id in (select etl_api.my_orgs()));
  -- Another org's row and no row at all look the same from outside.
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such endpoint: %s', coalesce(endpoint_id::text, 'null')),
      hint = 'Give the id of a webhook_endpoint row.';
  elsif not etl_api.may_request(found_one.org_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_one.org_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif found_one.disabled_at is not null then
    perform etl_api.refuse_action('webhook_endpoint', endpoint_id, 'disabled', 'sent anything',
      'Set webhook_endpoint.disabled_at to null first.');
  end if;
  return found_one;
end
$$;

comment on function etl_api.find_own_endpoint(uuid) is
  'An endpoint that is in use, if the caller may send messages to it: the first statement of replay and send_test_event. ETL04: none, or of an org the caller does not belong to; ETL05: disabled; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_endpoint(uuid) from public;

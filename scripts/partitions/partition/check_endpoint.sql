create or replace function etl_partition.check_endpoint(caller jsonb, org_id uuid, endpoint_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.become(caller);
  if not exists (
    select
    from public.webhook_endpoint as e
    where e.id = check_endpoint.endpoint_id
      and e.org_id = check_endpoint.org_id)
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such endpoint: %s', coalesce(endpoint_id::text, 'null')),
      hint = 'Give the id of a webhook_endpoint row of that org.';
  end if;
end
$$;

comment on function etl_partition.check_endpoint(jsonb, uuid, uuid) is
  'Takes on the caller; ETL04 when an endpoint is not that org''s or the caller may not see it.';

revoke execute on function etl_partition.check_endpoint(jsonb, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.check_endpoint(jsonb, uuid, uuid) to millrace_coordinator;

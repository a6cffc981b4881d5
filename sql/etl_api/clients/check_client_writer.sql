create or replace function etl_api.check_client_writer(client_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not coalesce(etl_api.may_use_client(client_id, true), false) then
    -- Another's client and no client at all look the same from outside.
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('you may not add to the data of client %s', coalesce(client_id::text, 'null')),
      hint = 'The client itself, and owners, admins and members of its tenant can do this.';
  elsif not exists (
    select 1
    from public.clients as c
    where c.client_id = check_client_writer.client_id)
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no client %s', coalesce(client_id::text, 'null')),
      hint = 'Insert it into public.clients first.';
  end if;
end
$$;

comment on function etl_api.check_client_writer(uuid) is
  'Refuses a caller who may not add to a client''s data: the first statement of the doors that do. ETL06: not the caller''s, or the caller only reads there; ETL04: the service names a client that is not there.';

revoke execute on function etl_api.check_client_writer(uuid) from public;
grant execute on function etl_api.check_client_writer(uuid) to service_role;

create or replace function etl_api.create_client(
  organization_id uuid, company_name text, email text default null, user_id uuid default null,
  data_type text default null, rows jsonb default null)
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  made uuid;
begin
  if not exists (select 1 from public.org as o where o.id = create_client.organization_id and o.deleted_at is null) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(organization_id::text, 'null')),
      hint = 'Give the id of the org whose client it is.';
  end if;
  insert into public.clients (organization_id, company_name, email, user_id, created_at, updated_at)
  values (create_client.organization_id, create_client.company_name, create_client.email, create_client.user_id, utils.now(), utils.now())
  returning client_id into made;
  return pg_catalog.jsonb_build_object('client_id', made)
    || case when rows is null then '{}' else etl_api.ingest_client_data(made, data_type, rows) end;
end
$$;

comment on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) is
  'What POST /superadmin/clients does: makes a client, with rows when there are any. Returns {client_id}, and what etl_api.ingest_client_data says. ETL04: no such org, or as there; 23505: the e-mail address is another client''s of the org; 23514, 23502: no name, or no e-mail address.';

revoke execute on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) from public;
grant execute on function etl_api.create_client(uuid, text, text, uuid, text, jsonb) to service_role;

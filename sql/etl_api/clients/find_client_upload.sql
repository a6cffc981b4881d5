create or replace function etl_api.find_client_upload(upload_id uuid) returns etl_api.client_upload
language plpgsql
set search_path = ''
as $$
declare
  upload etl_api.client_upload;
begin
  select u.* into upload
  from etl_api.client_upload as u
  where u.id = upload_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no upload %s', coalesce(upload_id::text, 'null')),
      hint = 'etl_api.begin_client_upload makes one.';
  end if;
  return upload;
end
$$;

comment on function etl_api.find_client_upload(uuid) is 'An upload, held until the transaction ends. ETL04: there is none.';

revoke execute on function etl_api.find_client_upload(uuid) from public;

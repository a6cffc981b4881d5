create or replace function etl_api.finish_client_upload(upload_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  upload etl_api.client_upload := etl_api.find_client_upload(upload_id);
begin
  update etl_api.client_upload as u
  set finished_at = coalesce(u.finished_at, utils.now())
  where u.id = upload.id
  returning u.* into upload;
  return pg_catalog.to_jsonb(upload);
end
$$;

comment on function etl_api.finish_client_upload(uuid) is
  'Says that a file is all in. Returns the row of etl_api.client_upload. ETL04: no such upload.';

revoke execute on function etl_api.finish_client_upload(uuid) from public;
grant execute on function etl_api.finish_client_upload(uuid) to service_role;

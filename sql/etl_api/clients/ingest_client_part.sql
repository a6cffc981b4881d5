create or replace function etl_api.ingest_client_part(
  upload_id uuid, part int, rows jsonb, unreadable jsonb default '{}', as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  upload etl_api.client_upload := etl_api.find_client_upload(upload_id);
  report jsonb;
begin
  perform etl_api.act_for(as_user);
  if part <= upload.parts then
    -- It came, and its sender did not hear.
    return pg_catalog.jsonb_build_object('repeated', true) || pg_catalog.to_jsonb(upload);
  elsif part is distinct from upload.parts + 1 or upload.finished_at is not null then
    raise exception using
      errcode = 'ETL05',
      message = case when upload.finished_at is null then pg_catalog.format('part %s of upload %s has not come yet', upload.parts + 1, upload.id)
        else pg_catalog.format('upload %s has ended', upload.id) end,
      hint = 'Send the parts in order, each when the one before is in.';
  end if;
  report := etl_api.ingest_client_data(upload.client_id, upload.data_type, rows);
  update etl_api.client_upload as u
  set parts = part,
      taken = u.taken + pg_catalog.jsonb_array_length(rows),
      stored = u.stored + (report ->> 'success')::bigint,
      failed = u.failed + (report ->> 'failed')::bigint,
      warned = u.warned + (report ->> 'warned')::bigint,
      faults = pg_catalog.jsonb_path_query_array(u.faults || coalesce((
        select pg_catalog.jsonb_agg(
          e.value || pg_catalog.jsonb_build_object('index', u.taken + (e.value ->> 'index')::bigint)
            || case when unreadable ? (e.value ->> 'index')
              then pg_catalog.jsonb_build_object('code', 'unreadable', 'error', unreadable -> (e.value ->> 'index')) else '{}' end
          order by e.place)
        from pg_catalog.jsonb_array_elements(report -> 'errors') with ordinality as e (value, place)), '[]'), '$[0 to 99]'),
      updated_at = utils.now()
  where u.id = upload.id
  returning u.* into upload;
  return report || pg_catalog.to_jsonb(upload);
end
$$;

comment on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) is
  'Takes in the next part of a file, and writes down how far it has come, at once or not at all; a part that is in is not taken again (repeated). A row that could not be read is null, and unreadable says why: {"place in rows": sentence}. Returns the row of etl_api.client_upload with what etl_api.ingest_client_data says. ETL04: no such upload, or as there; ETL05: not the next part.';

revoke execute on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) from public;
grant execute on function etl_api.ingest_client_part(uuid, int, jsonb, jsonb, uuid) to service_role;

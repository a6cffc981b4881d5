create or replace function etl_api.begin_client_upload(
  client_id uuid, data_type text, file_name text, fingerprint text, if_begun text default 'refuse', as_user uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun etl_api.client_upload;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_client_writer(client_id);
  perform etl_api.check_client_rows(data_type, '[]', null);
  -- One at a time for a client, so that a file is not begun twice.
  perform from public.clients as c where c.client_id = begin_client_upload.client_id for no key update;
  select u.* into begun
  from etl_api.client_upload as u
  where u.client_id = begin_client_upload.client_id
    and u.data_type is not distinct from begin_client_upload.data_type
    and u.fingerprint = begin_client_upload.fingerprint
  order by u.started_at desc, u.id
  limit 1;
  if begun.id is not null and if_begun = 'refuse' then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('%s of this file are in already, %s', begun.taken,
        case when begun.finished_at is null then 'and it was not ended' else 'all there were' end),
      hint = 'Go on where it stopped (resume), or take it in once more (again).';
  elsif begun.id is null or if_begun <> 'resume' then
    insert into etl_api.client_upload as u (organization_id, client_id, data_type, file_name, fingerprint, started_at, updated_at)
    select c.organization_id, c.client_id, begin_client_upload.data_type, begin_client_upload.file_name,
      begin_client_upload.fingerprint, utils.now(), utils.now()
    from public.clients as c
    where c.client_id = begin_client_upload.client_id
    returning u.* into begun;
  end if;
  return pg_catalog.to_jsonb(begun);
end
$$;

comment on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) is
  'Begins a file, or goes on with one. fingerprint: a hash of what is in it; if_begun: what to do when the same file of that data type is in, whole or in part: refuse, resume, or again. Returns the row of etl_api.client_upload. ETL04, ETL06: as etl_api.ingest_client_data; ETL05: it is in.';

revoke execute on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) from public;
grant execute on function etl_api.begin_client_upload(uuid, text, text, text, text, uuid) to service_role;

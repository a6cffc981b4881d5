create or replace function etl_api.find_own(
  id uuid,
  out entity etl_api.entity_kind, out org_id uuid, out workflow_request_id uuid, out activity_request_id uuid)
language plpgsql stable
set search_path = ''
as $$
begin
  select f.entity, f.org_id, f.workflow_request_id, f.activity_request_id
  into entity, org_id, workflow_request_id, activity_request_id
  from etl_api.find_visible(id) as f;

  if not etl_api.may_request(org_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
end
$$;

comment on function etl_api.find_own(uuid) is
  'What an id names, if the caller may change it: the first statement of retry, cancel and redeliver. ETL04: nothing, or a row of an org the caller does not belong to; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own(uuid) from public;

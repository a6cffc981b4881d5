create or replace function etl_api.check_caller_org(org_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org that would make the request.';
  elsif not etl_api.may_request(org_id) then
    -- Another org and no org at all look the same from outside.
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('you may not make requests of org %s', org_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif not exists (
    select 1
    from public.org as o
    where o.id = check_caller_org.org_id)
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such org: %s', org_id),
      hint = 'Give the id of the org that would make the request.';
  end if;
end
$$;

comment on function etl_api.check_caller_org(uuid) is
  'Refuses a caller who may not make requests of the org: the first statement of doors that take an org. ETL04: null or no such org; ETL06: not the caller''s, or the caller only reads there.';

revoke execute on function etl_api.check_caller_org(uuid) from public;

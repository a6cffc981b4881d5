create or replace function etl_api.default_retention(what text) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  rule etl_api.retention;
  days constant jsonb := etl_api.setting_value('retention_days');
begin
  select r.* into rule
  from etl_api.retention as r
  where r.org_id is null
    and r.what = default_retention.what;
  if found then
    return rule.days;
  end if;
  -- What lies below a request, objects, which outlive requests, and what the stores know of their data have rules of their
  -- own only.
  return case
    when what in ('workflow_request', 'alert', 'etl_log', 'test_event') and pg_catalog.jsonb_typeof(days) = 'number'
      and (days #>> '{}')::numeric between 1 and 365000
    then (days #>> '{}')::numeric end;
end
$$;

comment on function etl_api.default_retention(text) is
  'Days for which what tenants without a rule of their own have is kept: by the rule for all, else by the setting retention_days; null: for good.';

revoke execute on function etl_api.default_retention(text) from public;
grant execute on function etl_api.default_retention(text) to service_role;

create or replace function etl_api.retention_of(of_org uuid) returns table (what text, days numeric, rule text)
language sql stable
set search_path = ''
as $$
  select w.name, case when own.id is not null then own.days else etl_api.default_retention(w.name) end,
    case
      when own.id is not null then 'own'
      when shared.id is not null then 'for all'
      when w.name in ('workflow_request', 'alert', 'etl_log', 'test_event') then 'retention_days'
      else 'none'
    end
  from unnest('{workflow_request,run_response,delivery_body,object,alert,etl_log,test_event,generation_job,client_upload,schema_change}'::text[])
    as w (name)
  left join etl_api.retention as own
    on own.org_id = of_org
    and own.what = w.name
  left join etl_api.retention as shared
    on shared.org_id is null
    and shared.what = w.name
$$;

comment on function etl_api.retention_of(uuid) is
  'For how many days what a tenant has is kept (null: for good), and which rule says so: its own, the one for all, the setting retention_days, none.';

revoke execute on function etl_api.retention_of(uuid) from public;
grant execute on function etl_api.retention_of(uuid) to service_role;

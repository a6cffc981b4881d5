create or replace function etl_api.purge_kind(kind text, before timestamptz, max_rows int, of_orgs uuid[])
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
begin
  case kind
    when 'workflow_request' then return query select * from etl_api.purge_requests(before, max_rows, of_orgs);
    when 'alert' then return query select * from etl_api.purge_alerts(before, max_rows, of_orgs);
    when 'etl_log' then return query select * from etl_api.purge_log(before, max_rows, of_orgs);
    when 'test_event' then return query select * from etl_api.purge_test_events(before, max_rows, of_orgs);
    when 'generation_job' then return query select * from etl_api.purge_generations(before, max_rows, of_orgs);
    when 'client_upload' then return query select * from etl_api.purge_uploads(before, max_rows, of_orgs);
    when 'schema_change' then return query select * from etl_api.purge_schema_changes(before, max_rows, of_orgs);
  end case;
end
$$;

comment on function etl_api.purge_kind(text, timestamptz, int, uuid[]) is
  'Removes what a rule of etl_api.retention is about, of these tenants, from before this time; of what goes whole.';

revoke execute on function etl_api.purge_kind(text, timestamptz, int, uuid[]) from public;

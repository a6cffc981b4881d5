create or replace function etl_partition.act(caller jsonb, verb text, org_id uuid, id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.check_owner(caller, org_id, id);
  return case verb
    when 'retry' then etl_api.retry(id)
    when 'cancel' then etl_api.cancel(id)
    when 'redeliver' then etl_api.redeliver(id)
  end;
end
$$;

comment on function etl_partition.act(jsonb, text, uuid, uuid) is
  'retry, cancel or redeliver for the caller; with an org, only what belongs to it. ETL04, ETL05, ETL06 as the engine raises them.';

revoke execute on function etl_partition.act(jsonb, text, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.act(jsonb, text, uuid, uuid) to millrace_coordinator;

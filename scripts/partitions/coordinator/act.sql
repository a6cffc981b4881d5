create or replace function etl_route.act(partition_no int, verb text, org_id uuid, id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  told jsonb;
  detail text;
  hint text;
begin
  begin
    told := etl_route.remote_act(partition_no, etl_route.caller(), verb, org_id, id);
  exception when others then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    perform etl_route.fail(etl_route.partition_name(partition_no), sqlstate, sqlerrm, detail, hint);
  end;
  return told;
end
$$;

comment on function etl_route.act(int, text, uuid, uuid) is
  'retry, cancel or redeliver on a partition, with its errors as if they were raised here.';

revoke execute on function etl_route.act(int, text, uuid, uuid) from public;
grant execute on function etl_route.act(int, text, uuid, uuid) to millrace_router;

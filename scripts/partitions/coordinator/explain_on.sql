create or replace function etl_route.explain_on(partition_no int, org_id uuid, id uuid) returns setof text
language plpgsql
set search_path = ''
as $$
declare
  detail text;
  hint text;
begin
  return query select e from etl_route.remote_explain(partition_no, etl_route.caller(), org_id, id) as e;
exception when others then
  get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
  perform etl_route.fail(etl_route.partition_name(partition_no), sqlstate, sqlerrm, detail, hint);
end
$$;

comment on function etl_route.explain_on(int, uuid, uuid) is
  'explain on a partition, with its errors as if they were raised here.';

revoke execute on function etl_route.explain_on(int, uuid, uuid) from public;
grant execute on function etl_route.explain_on(int, uuid, uuid) to millrace_router;

create or replace function etl_route.trace_on(partition_no int, org_id uuid, id uuid)
returns table (
  at timestamptz, entity text, entity_id uuid, from_state text, to_state text, substate text, level text, station text,
  message text, context jsonb)
language plpgsql
set search_path = ''
as $$
declare
  said text;
  why text;
begin
  return query select t.* from etl_route.remote_trace(partition_no, etl_route.caller(), org_id, id) as t;
exception when others then
  get stacked diagnostics said = pg_exception_detail, why = pg_exception_hint;
  perform etl_route.fail(etl_route.partition_name(partition_no), sqlstate, sqlerrm, said, why);
end
$$;

comment on function etl_route.trace_on(int, uuid, uuid) is
  'trace on a partition, with its errors as if they were raised here.';

revoke execute on function etl_route.trace_on(int, uuid, uuid) from public;
grant execute on function etl_route.trace_on(int, uuid, uuid) to millrace_router;

create or replace function etl_partition.find(caller jsonb, id uuid) returns table (partition_no int, org_id uuid)
language plpgsql
set search_path = ''
as $$
declare
  here constant int := (select t.partition_no from etl_partition.this as t);
begin
  perform etl_partition.become(caller);
  return query
  select here, f.org_id
  from (
    select w.org_id from public.workflow_request as w where w.id = find.id and w.replay = 0
    union all
    select a.org_id from public.activity_request as a where a.id = find.id
    union all
    select q.org_id from public.run_queue as q where q.id = find.id
    union all
    select r.org_id from public.run_request as r where r.id = find.id
    union all
    select d.org_id from public.delivery as d where d.id = find.id
  ) as f
  limit 1;
end
$$;

comment on function etl_partition.find(jsonb, uuid) is
  'The tenant of the row that an id names, when it is here and the caller may see it: a look by key into five tables.';

revoke execute on function etl_partition.find(jsonb, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.find(jsonb, uuid) to millrace_coordinator;

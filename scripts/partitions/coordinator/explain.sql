create or replace function etl_api.explain(id uuid) returns setof text
language plpgsql security definer
set search_path = ''
as $$
begin
  return query select e from etl_route.explain_on(etl_route.partition_of_row(id), null, id) as e;
end
$$;

create or replace function etl_api.explain(org_id uuid, id uuid) returns setof text
language plpgsql security definer
set search_path = ''
as $$
begin
  return query select e from etl_route.explain_on(etl_route.partition_of(org_id), org_id, id) as e;
end
$$;

alter function etl_api.explain(uuid) owner to millrace_router;
alter function etl_api.explain(uuid, uuid) owner to millrace_router;

comment on function etl_api.explain(uuid) is
  'Where a request, or a part of one, is and what it waits for, in sentences: asks all partitions for the id first. ETL04: no such request; ETL08: a partition cannot be reached.';
comment on function etl_api.explain(uuid, uuid) is
  'Where a tenant''s request, or a part of one, is and what it waits for, in sentences: goes to its partition at once. ETL04: no such request of the tenant; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.explain(uuid), etl_api.explain(uuid, uuid) from public;
grant execute on function etl_api.explain(uuid), etl_api.explain(uuid, uuid) to authenticated, service_role;

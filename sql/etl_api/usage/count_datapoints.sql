create or replace function etl_api.count_datapoints(org_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.org as o
  set datapoint_count = (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
    + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null)
  where o.id = any (org_ids);
end
$$;

comment on function etl_api.count_datapoints(uuid[]) is
  'Counts the datapoints of orgs, their own and the shared ones, into datapoint_count. The caller holds the rows.';

revoke execute on function etl_api.count_datapoints(uuid[]) from public;
grant execute on function etl_api.count_datapoints(uuid[]) to service_role;

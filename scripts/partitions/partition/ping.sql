create or replace function etl_partition.ping() returns table (partition_no int, orgs bigint)
language sql stable security definer
set search_path = ''
as $$
  select t.partition_no, (select pg_catalog.count(*) from public.org)
  from etl_partition.this as t
$$;

comment on function etl_partition.ping() is 'Which partition this is and how many tenants it has.';

revoke execute on function etl_partition.ping() from public, anon, authenticated, service_role;
grant execute on function etl_partition.ping() to millrace_coordinator;

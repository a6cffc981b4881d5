create or replace function etl_route.default_partition(org_id uuid) returns int
language sql stable
set search_path = ''
as $$
  -- Which of so many numbers, by hash: the sign is masked away, so that it is never negative.
  select p.partition_no
  from etl_route.partition as p
  order by p.partition_no
  offset (
    select (pg_catalog.hashtextextended(default_partition.org_id::text, 0) & 9223372036854775807)
      % greatest(pg_catalog.count(*), 1)
    from etl_route.partition
  )
  limit 1
$$;

comment on function etl_route.default_partition(uuid) is
  'Where a tenant goes that has no row in org_partition: by the hash of its id, alike on every server.';

revoke execute on function etl_route.default_partition(uuid) from public;
grant execute on function etl_route.default_partition(uuid) to millrace_router;

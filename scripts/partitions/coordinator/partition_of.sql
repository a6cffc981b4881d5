create or replace function etl_route.partition_of(org_id uuid, to_change boolean default false) returns int
language plpgsql stable
set search_path = ''
as $$
declare
  place etl_route.org_partition;
begin
  if org_id is null then
    raise exception using
      errcode = 'ETL04',
      message = 'org_id is null: it must be the id of an org',
      hint = 'Give the id of the org; by it the request finds its partition.';
  end if;
  select o.* into place
  from etl_route.org_partition as o
  where o.org_id = partition_of.org_id;
  if to_change and place.moving_to is not null then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('org %s is being moved from partition %s to %s',
        org_id, etl_route.partition_name(place.partition_no), etl_route.partition_name(place.moving_to)),
      hint = 'Try again in a moment; nothing was changed.';
  end if;
  return coalesce(place.partition_no, etl_route.default_partition(org_id));
end
$$;

comment on function etl_route.partition_of(uuid, boolean) is
  'The partition of a tenant: its row in org_partition, or the default. ETL04: null; ETL05: it is being moved and something shall be changed.';

revoke execute on function etl_route.partition_of(uuid, boolean) from public;
grant execute on function etl_route.partition_of(uuid, boolean) to millrace_router;

create or replace function etl_api.place_org(org_id uuid, partition text default null) returns text
language plpgsql security definer
set search_path = ''
as $$
declare
  wanted int;
  place int;
begin
  if partition is null then
    wanted := etl_route.partition_of(org_id);
  else
    select p.partition_no into wanted
    from etl_route.partition as p
    where p.name = place_org.partition;
  end if;
  if org_id is null or wanted is null then
    raise exception using
      errcode = 'ETL04',
      message = case when org_id is null then 'org_id is null' else pg_catalog.format('no such partition: %s', partition) end,
      hint = pg_catalog.format('Partitions: %s.',
        (select pg_catalog.string_agg(p.name, ', ' order by p.partition_no) from etl_route.partition as p));
  end if;
  insert into etl_route.org_partition (org_id, partition_no)
  values (place_org.org_id, wanted)
  on conflict do nothing;
  place := etl_route.partition_of(org_id);
  if partition is not null and place <> wanted then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('org %s is on partition %s', org_id, etl_route.partition_name(place)),
      hint = pg_catalog.format('npm run partitions -- move %s %s', org_id, partition);
  end if;
  return etl_route.partition_name(place);
end
$$;

alter function etl_api.place_org(uuid, text) owner to millrace_router;

comment on function etl_api.place_org(uuid, text) is
  'Gives a new tenant its partition, by name or by the hash of its id, and returns the name; its rows are then inserted there. A tenant that has one keeps it. ETL04: no such partition; ETL05: it is on another one.';

revoke execute on function etl_api.place_org(uuid, text) from public;
grant execute on function etl_api.place_org(uuid, text) to service_role;

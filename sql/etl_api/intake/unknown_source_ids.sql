create or replace function etl_api.unknown_source_ids(org_id uuid, source_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select named.id
    from pg_catalog.unnest(source_ids) with ordinality as named (id, place)
    where not exists (
      select 1
      from public.source as s
      where s.id = named.id
        and s.deleted_at is null
        and (s.org_id is null or s.org_id = unknown_source_ids.org_id))
    order by named.place);
end
$$;

comment on function etl_api.unknown_source_ids(uuid, uuid[]) is
  'Those of some sources that do not exist, were deleted, or that a tenant does not see.';

revoke execute on function etl_api.unknown_source_ids(uuid, uuid[]) from public;
grant execute on function etl_api.unknown_source_ids(uuid, uuid[]) to service_role;

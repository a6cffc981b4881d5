create or replace function etl_api.go_on_erasing(max_rows int) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  open etl_api.erasure;
begin
  -- The one begun first, unless somebody is at it.
  select e.* into open
  from etl_api.erasure as e
  where e.finished_at is null
  order by e.began_at
  limit 1;
  if not found or not etl_api.lock_erasures(open.org_id, false) then
    return 0;
  end if;
  if open.object_id is not null then
    if not exists (select 1 from public.object as o where o.id = open.object_id) then
      -- It went with its tenant, or by its retention.
      update etl_api.erasure as e set finished_at = utils.now() where e.id = open.id and e.finished_at is null;
      return 0;
    end if;
    return (select coalesce(pg_catalog.sum(g.count), 0) from etl_api.erase_object(open.object_id, max_rows) as g);
  elsif not exists (select 1 from public.org as o where o.id = open.org_id and o.deleted_at is not null) then
    -- Restored half-way: what is gone is gone, the rest stays.
    update etl_api.erasure as e set finished_at = utils.now() where e.id = open.id and e.finished_at is null;
    return 0;
  end if;
  return (select coalesce(pg_catalog.sum(g.count), 0) from etl_api.erase_org(open.org_id, max_rows) as g);
end
$$;

comment on function etl_api.go_on_erasing(int) is
  'Goes on with the oldest erasure that has not ended, about max_rows rows of each table. Returns how many rows went. The sweep calls it.';

revoke execute on function etl_api.go_on_erasing(int) from public;
grant execute on function etl_api.go_on_erasing(int) to service_role;

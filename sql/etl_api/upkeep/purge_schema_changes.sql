create or replace function etl_api.purge_schema_changes(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  delete from etl_api.schema_change as c
  where c.id = any (array(
    select c.id
    from public.org as o
    cross join lateral (
      select c.id
      from etl_api.schema_change as c
      where c.org_id = o.id
        and c.at < before
      order by c.at
      limit max_rows
      for update of c skip locked
    ) as c
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('schema_change', count, count = max_rows);
  end if;

  delete from public.client_schema_versions as v
  where v.ctid = any (array(
    select v.ctid
    from public.org as o
    cross join lateral (
      select v.ctid
      from public.client_schema_versions as v
      where v.organization_id = o.id
        and v.replaced_at < before
      order by v.replaced_at
      limit max_rows
      for update of v skip locked
    ) as v
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('client_schema_versions', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_schema_changes(timestamptz, int, uuid[]) is
  'Removes what landing changed before this time, and versions of clients'' schemas that were replaced before it; not the present ones. At most max_rows of each, of some tenants or of all.';

revoke execute on function etl_api.purge_schema_changes(timestamptz, int, uuid[]) from public;

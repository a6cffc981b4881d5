create or replace function etl_api.purge_uploads(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  delete from etl_api.client_upload as u
  where u.id = any (array(
    select u.id
    from public.org as o
    cross join lateral (
      select u.id
      from etl_api.client_upload as u
      where u.organization_id = o.id
        and u.finished_at < before
      order by u.finished_at
      limit max_rows
      for update of u skip locked
    ) as u
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('client_upload', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_uploads(timestamptz, int, uuid[]) is
  'Removes what is known of files that were all in before this time: at most max_rows, of some tenants or of all. One that stopped on the way stays: it would be taken in twice.';

revoke execute on function etl_api.purge_uploads(timestamptz, int, uuid[]) from public;

create or replace function etl_api.purge_log(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- In order of id, which is the order of time but for what was written at once: a young one among them only stays.
  if of_orgs is null then
    delete from etl_api.etl_log as l
    where l.id = any (array(
        select e.id from etl_api.etl_log as e order by e.id limit max_rows for update skip locked))
      and l.at < before;
  else
    delete from etl_api.etl_log as l
    where l.id = any (array(
      select e.id
      from unnest(of_orgs) as o (id)
      cross join lateral (
        select e.id
        from etl_api.etl_log as e
        where e.org_id = o.id
          and e.at < before
        order by e.at
        limit max_rows
        for update skip locked
      ) as e
      limit max_rows));
    if of_orgs = '{}' then
      delete from etl_api.etl_log as l
      where l.id = any (array(
        select e.id
        from etl_api.etl_log as e
        where e.org_id is null
          and e.at < before
        order by e.at
        limit max_rows
        for update skip locked));
    end if;
  end if;
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('etl_log', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_log(timestamptz, int, uuid[]) is
  'Removes entries of the log from before this time, the oldest first, at most max_rows, of some tenants or of all; of an empty list those of no tenant.';

revoke execute on function etl_api.purge_log(timestamptz, int, uuid[]) from public;

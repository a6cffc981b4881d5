create or replace function etl_api.purge_old_objects(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- In the order of ids, which is the order of time; and by key.
set enable_seqscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention('object');
  shortest constant numeric := least(shared, (select pg_catalog.min(r.days) from etl_api.retention as r where r.what = 'object'));
  mark etl_api.retention_mark;
  seen record;
begin
  select m.* into mark
  from etl_api.retention_mark as m
  where m.org_id is null
    and m.what = 'object';
  -- All of them have been looked at; in an hour again.
  if shortest is null or mark.looked_at > moment - interval '1 hour' then
    return;
  end if;

  select pg_catalog.count(*) as objects, pg_catalog.max(o.id::text)::uuid as last_id,
    pg_catalog.array_agg(o.id) filter (where o.created_at < moment - k.days * interval '1 day'
      and not exists (select 1 from public.activity_object as l where l.object_id = o.id)) as ids,
    pg_catalog.array_agg(k.days) filter (where o.created_at < moment - k.days * interval '1 day'
      and not exists (select 1 from public.activity_object as l where l.object_id = o.id)) as days
  into seen
  from (
    select n.id, n.org_id, n.created_at
    from public.object as n
    where n.id > coalesce(mark.after_id, '00000000-0000-0000-0000-000000000000')
    order by n.id
    limit max_rows
  ) as o
  cross join lateral (
    select case when own.id is not null then own.days else shared end as days
    from (select 1) as one
    left join etl_api.retention as own
      on own.org_id = o.org_id
      and own.what = 'object'
  ) as k;

  count := 0;
  if seen.ids is not null then
    if not etl_api.lock_objects() then
      return;
    end if;
    -- A statement after the one that took the lock: somebody may have begun to use one since.
    select coalesce(pg_catalog.sum(g.gone), 0) into count
    from (
      select d.days, pg_catalog.array_agg(d.id) as ids
      from unnest(seen.ids, seen.days) as d (id, days)
      group by d.days
    ) as k
    cross join lateral etl_api.purge_objects(k.ids, moment - k.days * interval '1 day') as g (gone);
  end if;
  insert into etl_api.retention_mark as m (org_id, what, after_id, looked_at)
  values (null, 'object', case when seen.objects = max_rows then seen.last_id end, case when seen.objects < max_rows then moment end)
  on conflict (org_id, what) do update
    set after_id = excluded.after_id,
        looked_at = excluded.looked_at;
  return query values ('object', count, seen.objects = max_rows);
end
$$;

comment on function etl_api.purge_old_objects(int) is
  'Looks at the next max_rows objects of all and removes those, with their values, that no request knows any more and of which nothing was seen within the retention of their tenant. Once through, it begins again after an hour.';

revoke execute on function etl_api.purge_old_objects(int) from public;

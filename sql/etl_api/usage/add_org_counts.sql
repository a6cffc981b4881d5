create or replace function etl_api.add_org_counts(
  org_ids uuid[], requests bigint[] default null, runs bigint[] default null,
  objects bigint[] default null, new_objects bigint[] default null)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  free uuid[];
begin
  -- The usual case. What was noted down while the row was taken, and is not seen yet, is for the next.
  if pg_catalog.cardinality(org_ids) = 1 and pg_catalog.current_setting('transaction_isolation') = 'read committed' then
    update public.org as o
    set request_count = o.request_count + coalesce(requests[1], 0),
        run_count = o.run_count + coalesce(runs[1], 0),
        object_count = o.object_count + coalesce(objects[1], 0),
        free_objects = case when o.free_objects > 0
          then greatest(o.free_objects - coalesce(new_objects[1], 0), 0) else o.free_objects end
    where o.id = (select f.id from public.org as f where f.id = org_ids[1] for no key update skip locked)
      and not exists (select from etl_api.org_count_delta as d where d.org_id = org_ids[1] and not d.recount_datapoints);
    if found then
      return;
    end if;
  end if;

  free := etl_api.lock_free_orgs(org_ids);
  if free <> '{}' then
    -- A statement after the one that took the rows: it sees what the last holder has added and taken away.
    with left_over as (
      delete from etl_api.org_count_delta as d
      where d.org_id = any (free)
        and not d.recount_datapoints
      returning d.org_id, d.requests, d.runs, d.objects, d.free_objects
    )
    update public.org as o
    set request_count = o.request_count + s.requests,
        run_count = o.run_count + s.runs,
        object_count = o.object_count + s.objects,
        free_objects = case when o.free_objects > 0 then greatest(o.free_objects - s.new_objects, 0) else o.free_objects end
    from (
      select c.org_id,
        coalesce(pg_catalog.sum(c.requests), 0) as requests,
        coalesce(pg_catalog.sum(c.runs), 0) as runs,
        coalesce(pg_catalog.sum(c.objects), 0) as objects,
        coalesce(pg_catalog.sum(c.new_objects), 0) as new_objects
      from (
        select t.*, false as is_free from unnest(org_ids, requests, runs, objects, new_objects) as t
        union all
        select l.*, false from left_over as l
        union all
        select f.id, null, null, null, null, true from pg_catalog.unnest(free) as f (id)
      ) as c (org_id, requests, runs, objects, new_objects, is_free)
      group by c.org_id
      -- Grouped with the others, since a search of the list for each would cost as much as it is long; and the limit
      -- makes the planner think of one row, and so of a look-up by key.
      having pg_catalog.bool_or(c.is_free)
      limit pg_catalog.cardinality(free)
    ) as s
    where o.id = s.org_id;
  end if;

  if pg_catalog.cardinality(free) <> pg_catalog.cardinality(org_ids) then
    insert into etl_api.org_count_delta (org_id, requests, runs, objects, free_objects, created_at)
    select c.org_id, coalesce(c.requests, 0), coalesce(c.runs, 0), coalesce(c.objects, 0), coalesce(c.new_objects, 0),
      utils.now()
    from unnest(org_ids, requests, runs, objects, new_objects) as c (org_id, requests, runs, objects, new_objects)
    where c.org_id not in (select f.id from pg_catalog.unnest(free) as f (id))
      and (c.requests <> 0 or c.runs <> 0 or c.objects <> 0 or c.new_objects <> 0);
  end if;
end
$$;

comment on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) is
  'Adds to the counters of orgs: activity requests, runs, objects stored, new objects (taken from free_objects, never below 0), and whatever lies in org_count_delta for them. Where another transaction holds an org''s row it does not wait and leaves the change there.';

revoke execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) from public;
grant execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) to service_role;

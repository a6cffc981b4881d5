create or replace function etl_api.purge_parts(part text, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- A few of very many, by key; see purge_batch.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention(part);
  -- A request with more goes in parts.
  most constant int := 3 * max_rows;
  batch record;
  rows tid[];
begin
  -- Beyond the mark of each tenant, in the order in which requests ended: what is retried ends anew, behind it.
  select pg_catalog.array_agg(w.id) as ids, pg_catalog.array_agg(k.org_id) as org_ids,
    pg_catalog.array_agg(w.finished_at) as ends
  into batch
  from (
    select o.id as org_id, m.finished_at, m.after_id, case when own.id is not null then own.days else shared end as days
    from public.org as o
    left join etl_api.retention as own
      on own.org_id = o.id
      and own.what = part
    left join etl_api.retention_mark as m
      on m.org_id = o.id
      and m.what = part
    order by pg_catalog.random()
  ) as k
  cross join lateral (
    select w.id, w.finished_at
    from public.workflow_request as w
    where w.org_id = k.org_id
      and w.replay = 0
      and w.finished_at < moment - k.days * interval '1 day'
      and w.finished_at >= coalesce(k.finished_at, '-infinity')
      and (k.finished_at is null or (w.finished_at, w.id) > (k.finished_at, k.after_id))
    order by w.finished_at, w.id
    limit max_rows
  ) as w
  where k.days is not null;
  if batch.ids is null then
    return;
  end if;
  batch.ids := batch.ids[: max_rows];

  if part = 'run_response' then
    rows := array(
      select p.ctid
      from public.activity_request as a
      join public.run_request as r on r.activity_request_id = a.id
      join public.run_response as p on p.run_request_id = r.id
      where a.workflow_request_id = any (batch.ids)
      limit most);
    delete from public.run_response as p where p.ctid = any (rows);
  else
    rows := array(
      select b.ctid
      from public.delivery as d
      join public.delivery_body as b on b.delivery_id = d.id
      where d.workflow_request_id = any (batch.ids)
        -- One that is sent again, or waits for an endpoint, is still needed; it goes with its request.
        and d.finished_at < moment
      limit most);
    delete from public.delivery_body as b where b.ctid = any (rows);
  end if;
  get diagnostics count = row_count;

  if pg_catalog.cardinality(rows) < most then
    insert into etl_api.retention_mark as m (org_id, what, finished_at, after_id)
    select distinct on (t.org_id) t.org_id, part, t.finished_at, t.id
    from unnest(batch.ids, batch.org_ids[: max_rows], batch.ends[: max_rows]) as t (id, org_id, finished_at)
    order by t.org_id, t.finished_at desc, t.id desc
    on conflict (org_id, what) do update
      set finished_at = excluded.finished_at,
          after_id = excluded.after_id;
  end if;
  return query values (part, count, pg_catalog.cardinality(rows) = most or pg_catalog.cardinality(batch.ids) = max_rows);
end
$$;

comment on function etl_api.purge_parts(text, int) is
  'Removes run_response or delivery_body of requests that ended before the retention of their tenant for these began, which stay themselves: of about max_rows requests.';

revoke execute on function etl_api.purge_parts(text, int) from public;

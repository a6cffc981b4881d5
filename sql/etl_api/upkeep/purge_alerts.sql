create or replace function etl_api.purge_alerts(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  alerts uuid[];
  messages uuid[];
  gone etl_api.state_count[];
begin
  alerts := array(
    select a.id
    from public.org as o
    cross join lateral (
      select a.id
      from etl_api.alert as a
      where a.org_id = o.id
        and a.raised_at < before
        and a.resolved_at < before
        and not exists (
          select 1
          from public.delivery as d
          where d.alert_id = a.id
            and (d.finished_at is null or d.finished_at >= before))
      order by a.raised_at
      limit max_rows
      for update of a skip locked
    ) as a
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
  if alerts = '{}' or etl_api.steps_not_rolled_up(before) > 0 then
    return;
  end if;
  messages := array(
    select d.id
    from public.delivery as d
    where d.alert_id = any (alerts)
      and d.finished_at < before
    for update skip locked);
  gone := etl_api.purge_rows('delivery', messages);
  perform etl_api.purge_history(messages, before, max_rows);
  delete from etl_api.alert as a
  where a.id = any (alerts)
    -- Somebody may have sent its message again since.
    and not exists (select 1 from public.delivery as d where d.alert_id = a.id);
  get diagnostics count = row_count;
  perform etl_api.purge_counts(gone);
  return query values ('alert', count, pg_catalog.cardinality(alerts) = max_rows);
end
$$;

comment on function etl_api.purge_alerts(timestamptz, int, uuid[]) is
  'Removes alerts that were resolved before this time with their messages, if these have ended before it, too: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.purge_alerts(timestamptz, int, uuid[]) from public;

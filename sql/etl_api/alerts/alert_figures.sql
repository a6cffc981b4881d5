create or replace function etl_api.alert_figures(rule_ids uuid[])
returns table (rule_id uuid, org_id uuid, source_id uuid, value numeric, message text)
language plpgsql stable
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select r.id, r.org_id, null::uuid, f.rows::numeric,
    pg_catalog.format(case f.rows when 1 then '%s row is over its time.' else '%s rows are over their time.' end, f.rows)
  from etl_api.alert_rule as r
  cross join lateral (select etl_api.alert_stuck(r.org_id) as rows) as f
  where r.id = any (rule_ids)
    and r.kind = 'stuck'
  union all
  select r.id, r.org_id, r.source_id, f.seconds,
    case when f.seconds = 0 then 'No run waits that is due.' else
      pg_catalog.format('The run that is due longest%s waits for %s s.', ' at ' || s.name, f.seconds) end
  from etl_api.alert_rule as r
  left join public.source as s on s.id = r.source_id
  cross join lateral (
    select pg_catalog.floor(coalesce(pg_catalog.date_part('epoch', utils.now() - pg_catalog.min(k.oldest_at)), 0))::numeric as seconds
    from etl_api.alert_queues(r.org_id, r.source_id) as k) as f
  where r.id = any (rule_ids)
    and r.kind = 'queue_age'
  union all
  select r.id, r.org_id, r.source_id, coalesce(pg_catalog.round(f.failed::numeric / nullif(f.ended, 0), 4), 0),
    pg_catalog.format('%s of %s runs%s that ended in the last %s s failed.', f.failed, f.ended, ' of ' || s.name, r.window_seconds)
  from etl_api.alert_rule as r
  left join public.source as s on s.id = r.source_id
  cross join lateral etl_api.alert_runs(
    r.org_id, r.source_id, utils.now() - pg_catalog.make_interval(secs => r.window_seconds)) as f
  where r.id = any (rule_ids)
    and r.kind = 'failure_rate'
  union all
  select r.id, r.org_id, f.source_id, pg_catalog.round(f.failures / nullif(f.answers, 0), 4),
    pg_catalog.format('%s of %s HTTP requests to %s in the last %s s failed.', f.failures, f.answers, s.name, r.window_seconds)
  from etl_api.alert_rule as r
  cross join lateral (
    select a.source_id, pg_catalog.sum(a.failures) as failures, pg_catalog.sum(a.answers) as answers
    from etl_api.answers as a
    where a.org_id = r.org_id
      and a.source_id is not null
      and (r.source_id is null or a.source_id = r.source_id)
      -- What is counted by five minutes is counted in full when a part of them lies in the window.
      and a.slot > utils.now() - pg_catalog.make_interval(secs => r.window_seconds + 300)
    group by a.source_id
  ) as f
  join public.source as s on s.id = f.source_id
  where r.id = any (rule_ids)
    and r.kind = 'source_down';
end
$$;

comment on function etl_api.alert_figures(uuid[]) is
  'The figures of alert rules as they are now, each with a sentence; a rule for source_down that names no source has one for each that was asked.';

revoke execute on function etl_api.alert_figures(uuid[]) from public;
grant execute on function etl_api.alert_figures(uuid[]) to service_role;

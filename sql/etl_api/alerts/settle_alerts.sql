create or replace function etl_api.settle_alerts(rule_ids uuid[]) returns int
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  news record;
begin
  with figure as materialized (
    select f.*
    from etl_api.alert_figures(rule_ids) as f
    join etl_api.alert_rule as r on r.id = f.rule_id and r.org_id = f.org_id
    where r.enabled
  ), raised as (
    insert into etl_api.alert (org_id, rule_id, source_id, kind, message, value, threshold, raised_at)
    select r.org_id, r.id, f.source_id, r.kind, f.message, f.value, r.threshold, moment
    from figure as f
    join etl_api.alert_rule as r on r.id = f.rule_id and r.org_id = f.org_id
    where f.value > r.threshold
    on conflict do nothing
    returning id, 'alert.raised' as event, value, message
  ), resolved as (
    update etl_api.alert as a
    set resolved_at = moment
    from (
      select a.id, r.enabled, f.value, f.message, r.window_seconds
      from etl_api.alert as a
      join etl_api.alert_rule as r on r.id = a.rule_id and r.org_id = a.org_id
      left join figure as f
        on f.rule_id = a.rule_id
        and f.source_id is not distinct from a.source_id
      where a.rule_id = any (rule_ids)
        and a.resolved_at is null
        and coalesce(f.value, 0) <= r.threshold
    ) as over
    where a.id = over.id
    returning a.id, 'alert.resolved' as event, coalesce(over.value, 0) as value,
      case when not over.enabled then 'The rule was switched off.'
        else coalesce(over.message, pg_catalog.format('Nothing was asked of it in the last %s s.', over.window_seconds)) end as message
  )
  select pg_catalog.array_agg(n.id order by n.id) as ids, pg_catalog.array_agg(n.event order by n.id) as events,
    pg_catalog.array_agg(n.value order by n.id) as "values", pg_catalog.array_agg(n.message order by n.id) as messages
  into news
  from (select * from raised union all select * from resolved) as n;
  if news.ids is null then
    return 0;
  end if;
  perform etl_api.tell_alerts(news.ids, news.events, news."values", news.messages);
  return pg_catalog.cardinality(news.ids);
end
$$;

comment on function etl_api.settle_alerts(uuid[]) is
  'Raises the alerts of rules whose figure is above the threshold and resolves those whose figure is not any more, and tells of both. Returns how many. The caller holds the rules.';

revoke execute on function etl_api.settle_alerts(uuid[]) from public;
grant execute on function etl_api.settle_alerts(uuid[]) to service_role;

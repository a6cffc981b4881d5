create or replace function etl_api.raise_endpoint_alerts(endpoint_ids uuid[]) returns void
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  days constant numeric := utils.number_or(etl_api.setting_value('endpoint_failing_days'), 5);
  news record;
begin
  with raised as (
    insert into etl_api.alert (org_id, endpoint_id, kind, message, value, threshold, raised_at)
    select e.org_id, e.id, 'endpoint_disabled',
      case e.disabled_reason
        when 'gone' then pg_catalog.format('The webhook endpoint at %s was disabled: it answered 410 Gone.', utils.url_host(e.url))
        else pg_catalog.format('The webhook endpoint at %s was disabled: it has taken no message since %s.', utils.url_host(e.url),
          pg_catalog.to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI UTC'))
      end,
      pg_catalog.round((coalesce(pg_catalog.date_part('epoch', moment - e.failing_since), 0) / 86400)::numeric, 4),
      case e.disabled_reason when 'gone' then 0 else days end, moment
    from public.webhook_endpoint as e
    where e.id = any (endpoint_ids)
    on conflict do nothing
    returning id
  )
  select pg_catalog.array_agg(r.id order by r.id) as ids into news
  from raised as r;
  if news.ids is not null then
    perform etl_api.tell_endpoint_alerts(news.ids, 'alert.raised');
  end if;
end
$$;

comment on function etl_api.raise_endpoint_alerts(uuid[]) is
  'Raises an alert for each of these endpoints, which the engine has disabled, and tells its tenant.';

revoke execute on function etl_api.raise_endpoint_alerts(uuid[]) from public;
grant execute on function etl_api.raise_endpoint_alerts(uuid[]) to service_role;

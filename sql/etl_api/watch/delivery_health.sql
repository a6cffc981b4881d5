create or replace view etl_api.delivery_health with (security_invoker = true) as
  select a.org_id, a.endpoint_id, coalesce(a.host, utils.url_host(e.url)) as host, e.url, e.disabled_at,
    a.waiting, a.failing, a.in_flight, a.oldest_due_at,
    utils.now() - a.oldest_due_at as oldest_due_age,
    a.attempts,
    pg_catalog.round((a.attempts - a.failures)::numeric / nullif(a.attempts, 0), 4) as success_rate,
    a.success_at as last_success_at,
    a.failure_at as last_failure_at,
    a.message as last_error,
    a.held,
    e.failing_since,
    e.disabled_reason,
    coalesce(e.ordered, false) or coalesce(o.settings -> 'ordered_deliveries' = 'true', false) as ordered
  from (
    select p.org_id, p.endpoint_id, p.host,
      coalesce(pg_catalog.sum(p.waiting), 0)::bigint as waiting,
      coalesce(pg_catalog.sum(p.failing), 0)::bigint as failing,
      coalesce(pg_catalog.sum(p.in_flight), 0)::bigint as in_flight,
      pg_catalog.min(p.oldest_due_at) as oldest_due_at,
      coalesce(pg_catalog.sum(p.attempts), 0)::bigint as attempts,
      coalesce(pg_catalog.sum(p.failures), 0)::bigint as failures,
      pg_catalog.max(p.success_at) as success_at,
      pg_catalog.max(p.failure_at) as failure_at,
      pg_catalog.max(p.message) as message,
      coalesce(pg_catalog.sum(p.held), 0)::bigint as held
    from (
      select e.org_id, e.id as endpoint_id, null as host, null::bigint as waiting, null::bigint as failing,
        null::bigint as in_flight, null::timestamptz as oldest_due_at, null::bigint as attempts, null::bigint as failures,
        null::timestamptz as success_at, null::timestamptz as failure_at, null as message, null::bigint as held
      from public.webhook_endpoint as e
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        pg_catalog.count(*), pg_catalog.count(*) filter (where d.attempts > 0), null,
        pg_catalog.min(d.due_at) filter (where d.due_at <= (select utils.now())), null, null, null, null, null,
        pg_catalog.count(*) filter (where d.due_at = 'infinity')
      from public.delivery as d
      where d.state in ('waiting', 'ready')
      group by 1, 2, 3
      union all
      select d.org_id, d.endpoint_id, case when d.endpoint_id is null then utils.url_host(d.url) end,
        null, null, pg_catalog.count(*), null, null, null, null, null, null, null
      from public.delivery as d
      where d.state = 'in_progress'
      group by 1, 2, 3
      union all
      select r.org_id, r.endpoint_id, r.host, null, null, null, null, r.answers, r.failures, null, null, null, null
      from etl_api.answers as r
      where r.source_id is null
        and r.slot > utils.now() - interval '24 hours'
      union all
      select l.org_id, l.endpoint_id, l.host, null, null, null, null, null, null, l.success_at, l.failure_at, l.message, null
      from etl_api.answers_last as l
      where l.source_id is null
    ) as p
    group by p.org_id, p.endpoint_id, p.host
  ) as a
  left join public.webhook_endpoint as e on e.id = a.endpoint_id and e.org_id = a.org_id
  left join public.org as o on o.id = a.org_id;

comment on view etl_api.delivery_health is
  'How each address of clients fares, of the tenants the reader may see: a row for each endpoint, and for each host that requests gave URLs of.';
comment on column etl_api.delivery_health.org_id is 'The tenant.';
comment on column etl_api.delivery_health.endpoint_id is 'The endpoint; null for URLs that requests gave.';
comment on column etl_api.delivery_health.host is 'The host, with its port.';
comment on column etl_api.delivery_health.url is 'The URL of the endpoint; null for URLs that requests gave.';
comment on column etl_api.delivery_health.disabled_at is 'When the endpoint was disabled; null while it is in use.';
comment on column etl_api.delivery_health.waiting is 'Messages that wait to be sent, due or not.';
comment on column etl_api.delivery_health.failing is 'Of these, those that were tried before.';
comment on column etl_api.delivery_health.in_flight is 'Messages being sent.';
comment on column etl_api.delivery_health.oldest_due_at is 'Since when the oldest due one could have been sent; null when none is due.';
comment on column etl_api.delivery_health.oldest_due_age is 'How long ago that was.';
comment on column etl_api.delivery_health.attempts is 'Attempts that came to an end in the last 24 hours.';
comment on column etl_api.delivery_health.success_rate is 'Share of these that the client took, 0 to 1; null without attempts.';
comment on column etl_api.delivery_health.last_success_at is 'The last attempt that succeeded.';
comment on column etl_api.delivery_health.last_failure_at is 'The last attempt that failed.';
comment on column etl_api.delivery_health.last_error is 'That failure in words.';
comment on column etl_api.delivery_health.held is 'Of the messages that wait, those that wait until the endpoint is in use again.';
comment on column etl_api.delivery_health.failing_since is 'Since when the endpoint has taken nothing; null while it is well, and for URLs that requests gave.';
comment on column etl_api.delivery_health.disabled_reason is 'Why the engine disabled the endpoint: gone or failing; null when a person did, or nobody.';
comment on column etl_api.delivery_health.ordered is 'Whether messages go there one after the other.';

revoke all on etl_api.delivery_health from public;
grant select on etl_api.delivery_health to authenticated, service_role;

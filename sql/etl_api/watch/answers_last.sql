create or replace view etl_api.answers_last with (security_invoker = true) as
  select l.org_id, l.source_id, l.endpoint_id, l.host,
    pg_catalog.max(l.success_at) as success_at,
    pg_catalog.max(l.failure_at) as failure_at,
    (pg_catalog.array_agg(l.code order by l.failure_at desc) filter (where l.failure_at is not null))[1] as code,
    (pg_catalog.array_agg(l.message order by l.failure_at desc) filter (where l.failure_at is not null))[1] as message
  from (
    select k.org_id, k.source_id, k.endpoint_id, k.host, k.success_at, k.failure_at, k.code, k.message
    from etl_api.traffic_last as k
    union all
    select t.org_id, t.source_id, t.endpoint_id, utils.url_host(t.url), case when not t.failed then t.at end, case when t.failed then t.at end,
      t.code, t.message
    from etl_api.traffic_tail as t
  ) as l
  group by l.org_id, l.source_id, l.endpoint_id, l.host;

comment on view etl_api.answers_last is
  'The last success and the last failure of each source and each address of clients, per tenant, of those the reader may see.';
comment on column etl_api.answers_last.org_id is 'The tenant.';
comment on column etl_api.answers_last.source_id is 'The source; null for an address of clients.';
comment on column etl_api.answers_last.endpoint_id is 'The endpoint.';
comment on column etl_api.answers_last.host is 'The host, where requests gave a URL.';
comment on column etl_api.answers_last.success_at is 'The last attempt that succeeded; null: none yet.';
comment on column etl_api.answers_last.failure_at is 'The last attempt that failed; null: none yet.';
comment on column etl_api.answers_last.code is 'Substate after that failure: its class, or backoff when it was to be tried again.';
comment on column etl_api.answers_last.message is 'That failure in words.';

revoke all on etl_api.answers_last from public;
grant select on etl_api.answers_last to authenticated, service_role;

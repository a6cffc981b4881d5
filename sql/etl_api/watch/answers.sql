create or replace view etl_api.answers with (security_invoker = true) as
  select t.slot, t.org_id, t.source_id, t.endpoint_id, t.host, t.bucket, t.answers, t.failures
  from etl_api.traffic as t
  union all
  select pg_catalog.date_bin('5 minutes', t.at, '2000-01-01 00:00:00+00'), t.org_id, t.source_id, t.endpoint_id, utils.url_host(t.url),
    utils.duration_bucket(t.duration), 1, t.failed::int
  from etl_api.traffic_tail as t;

comment on view etl_api.answers is
  'What sources and clients answered in the last eight days, by tenant and five minutes, of those the reader may see: what has been rolled up and, in rows of its own, what came since. Add up before showing.';
comment on column etl_api.answers.slot is 'Begin of the five minutes.';
comment on column etl_api.answers.org_id is 'The tenant.';
comment on column etl_api.answers.source_id is 'The source that was asked; null for messages.';
comment on column etl_api.answers.endpoint_id is 'The endpoint messages were sent to.';
comment on column etl_api.answers.host is 'The host messages were sent to, where requests gave a URL.';
comment on column etl_api.answers.bucket is 'Class of the time to the answer (utils.bucket_milliseconds); -1: not known, as with messages.';
comment on column etl_api.answers.answers is 'Attempts that came to an end: an answer, or none in time.';
comment on column etl_api.answers.failures is 'Of these, those that failed, to be tried again or not.';

revoke all on etl_api.answers from public;
grant select on etl_api.answers to authenticated, service_role;

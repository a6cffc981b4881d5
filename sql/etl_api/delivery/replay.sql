create or replace function etl_api.replay(
  endpoint_id uuid, since timestamptz, until timestamptz default null, delivered_too boolean default false)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant public.webhook_endpoint := etl_api.find_own_endpoint(endpoint_id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  most constant int := 50000;
  ids uuid[];
  again_ids uuid[];
  copy_ids uuid[] := array[]::uuid[];
begin
  if since is null then
    raise exception using
      errcode = 'ETL04',
      message = 'since is null: it must be a time',
      hint = 'Give the time from which on messages are sent again, such as now() - interval ''1 day''.';
  end if;
  ids := etl_api.replayed_messages(target.id, since, until, delivered_too, most + 1);
  if pg_catalog.cardinality(ids) > most then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('more than %s messages of endpoint %s are to be sent again', most, target.id),
      hint = 'Give a shorter time: since and until.';
  end if;

  perform etl_api.lock_workflows(array(
    select distinct d.workflow_request_id
    from public.delivery as d
    where d.id = any (ids)
      and d.workflow_request_id is not null));
  perform etl_api.set_reason('replayed by ' || etl_api.caller_name());
  -- Looked up again, now that nobody else changes them.
  ids := etl_api.replayed_messages(target.id, since, until, delivered_too, most);
  again_ids := coalesce(etl_api.resend_messages(array(
    select d.id from public.delivery as d where d.id = any (ids) and d.state in ('failed', 'timedout', 'invalid'))), '{}');
  if delivered_too then
    copy_ids := etl_api.copy_messages(array(
      select d.id from public.delivery as d where d.id = any (ids) and d.state = 'delivered' order by d.created_at, d.id));
  end if;
  perform etl_api.set_reason(why);
  if again_ids || copy_ids <> '{}' then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return pg_catalog.jsonb_build_object(
    'endpoint_id', target.id,
    'failed', pg_catalog.cardinality(again_ids),
    'delivered', pg_catalog.cardinality(copy_ids),
    'message', pg_catalog.format('%s, under the webhook-id %s before.',
      etl_api.explain_count(pg_catalog.cardinality(again_ids || copy_ids), 'message is sent again', 'messages are sent again'),
      case pg_catalog.cardinality(again_ids || copy_ids) when 1 then 'it had' else 'they had' end));
end
$$;

comment on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) is
  'Sends the messages of an endpoint that were made from "since" until before "until" (null: now) again, under their webhook-ids: those that failed, and with delivered_too those that were delivered, once more. What still waits goes on by itself. Returns {endpoint_id, failed, delivered, message}. ETL04: no such endpoint, no time, or more than 50,000 messages; ETL05: the endpoint is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) from public;
grant execute on function etl_api.replay(uuid, timestamptz, timestamptz, boolean) to authenticated, service_role;

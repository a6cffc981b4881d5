create or replace function etl_api.is_plain_activity(activity etl_api.requested_activity) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  destination constant jsonb := activity.body -> 'destination';
begin
  return coalesce(
    -- There is such an activity, with sources, and every datapoint is known.
    activity.activity_id is not null
    and activity.source_ids <> '{}'
    and activity.unknown_source_ids = '{}'
    and activity.datapoint_ids <> '{}'
    and pg_catalog.array_position(activity.datapoint_ids, null) is null
    -- Nothing else is said that could be wrong, but the address of a webhook.
    and pg_catalog.length(activity.activity_key) <= 255
    and activity.body - '{id,type,destination}'::text[] = '{}'
    and coalesce(activity.body -> 'type', '"activity"') = '"activity"'
    and not activity.config ?| '{phase,max_objects,max_candidates,only_new,run_timeout_seconds,activity_timeout_seconds,on_failure,datapoints}'
    and (destination is null
      or pg_catalog.jsonb_typeof(destination) = 'object'
      and destination - 'webhook' = '{}'
      and pg_catalog.jsonb_typeof(destination -> 'webhook') = 'object'
      and (destination -> 'webhook') - 'url' = '{}'
      and pg_catalog.jsonb_typeof(destination #> '{webhook,url}') = 'string'
      and etl_api.is_webhook_url(destination #>> '{webhook,url}')),
    false);
end
$$;

comment on function etl_api.is_plain_activity(etl_api.requested_activity) is
  'Whether an activity says so little that it can have no fault by itself (body_faults): most are such, and are not looked at any closer.';

revoke execute on function etl_api.is_plain_activity(etl_api.requested_activity) from public;
grant execute on function etl_api.is_plain_activity(etl_api.requested_activity) to service_role;

-- Who may touch which table at all; which rows, the policies say. Supabase grants everything in schema public to
-- anon and authenticated when a table is made, so first all of it is taken back.
revoke all on
  public.org,
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor,
  public.webhook_endpoint,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  public.delivery_attempt,
  etl_api.state_transition,
  etl_api.state_step,
  etl_api.state_step_default,
  etl_api.table_reference,
  etl_api.advance_queue,
  etl_api.request_key,
  etl_api.etl_log,
  etl_api.setting,
  public.workflow_schedule,
  public.guardrail_refusal,
  etl_api.source_window,
  etl_api.source_turn,
  etl_api.budget_used,
  etl_api.roll_up_mark,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.org_count_delta,
  etl_api.data_quality_month,
  etl_api.data_quality_mark,
  etl_api.alert_rule,
  etl_api.alert,
  etl_api.delivery_lane
from public, anon, authenticated, service_role;

grant select on
  public.org,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  public.delivery_attempt,
  etl_api.state_transition,
  etl_api.state_step,
  etl_api.etl_log,
  public.guardrail_refusal,
  etl_api.budget_used,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.data_quality_month,
  etl_api.org_count_delta,
  etl_api.roll_up_mark,
  etl_api.source_window,
  etl_api.advance_queue,
  etl_api.setting,
  etl_api.alert,
  etl_api.delivery_lane
to authenticated;

grant select, insert, update, delete on
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor
to authenticated;

-- Since when an endpoint fails and why it was disabled is the engine's to write.
grant select, delete on public.webhook_endpoint to authenticated;
grant
  insert (id, org_id, url, secret_name, event_types, disabled_at, description, headers, schedule_seconds, ordered, deleted_at),
  update (url, secret_name, event_types, disabled_at, description, headers, schedule_seconds, ordered, deleted_at)
  on public.webhook_endpoint to authenticated;

-- When a schedule or a rule was last at work is the engine's to write.
grant select, delete on
  public.workflow_schedule,
  etl_api.alert_rule
to authenticated;
grant insert (org_id, name, cron, time_zone, data, priority, enabled), update (name, cron, time_zone, data, priority, enabled)
  on public.workflow_schedule to authenticated;
grant
  insert (org_id, name, kind, threshold, window_seconds, source_id, endpoint_id, enabled),
  update (name, kind, threshold, window_seconds, source_id, endpoint_id, enabled)
  on etl_api.alert_rule to authenticated;

-- The counters and charges of an org, and every column of a request but these, are the engine's.
grant update (name, settings) on public.org to authenticated;
grant insert (org_id, data, idempotency_key, priority, not_before, deadline_at) on public.workflow_request to authenticated;

grant select, insert, update, delete on
  public.org,
  public.org_member,
  public.object_type,
  public.datapoint,
  public.source,
  public.object_source,
  public.datapoint_source,
  public.activity,
  public.factor,
  public.webhook_endpoint,
  public.workflow_request,
  public.activity_request,
  public.activity_dependency,
  public.object,
  public.value,
  public.activity_object,
  public.run_queue,
  public.run_request,
  public.run_response,
  public.activity_result,
  public.delivery,
  public.delivery_body,
  public.delivery_attempt,
  etl_api.advance_queue,
  etl_api.request_key,
  etl_api.setting,
  public.workflow_schedule,
  public.guardrail_refusal,
  etl_api.source_window,
  etl_api.source_turn,
  etl_api.budget_used,
  etl_api.roll_up_mark,
  etl_api.state_count,
  etl_api.state_duration,
  etl_api.traffic,
  etl_api.traffic_last,
  etl_api.usage_day,
  etl_api.usage_month,
  etl_api.org_count_delta,
  etl_api.data_quality_month,
  etl_api.data_quality_mark,
  etl_api.alert_rule,
  etl_api.alert,
  etl_api.delivery_lane
to service_role;
grant select, insert on etl_api.etl_log to service_role;
grant select on etl_api.state_transition, etl_api.state_step, etl_api.table_reference to service_role;

-- Supabase grants sequences of schema public, too: who may turn one back may break every insert.
revoke all on sequence
  public.value_id_seq,
  public.activity_object_ordinal_seq,
  public.guardrail_refusal_id_seq,
  public.delivery_attempt_id_seq
from public, anon, authenticated, service_role;

create or replace function etl_api.logger_failures(entity etl_api.entity_kind, ids uuid[])
returns table (
  id uuid, org_id uuid, trace_id uuid, state text, code text, level text, station text, message text, context jsonb)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
begin
  -- A failure is an error where it happened. Its row in the other tables is information when it ended by itself, and
  -- of use to nobody but who debugs when it only ended along with another.
  case logger_failures.entity
  when 'workflow_request' then
    return query
    select w.id, w.org_id, w.id, w.state::text, w.state_substate,
      case w.state_substate when 'all_activities_failed' then 'info' when 'cancelled' then 'debug' else 'error' end,
      case w.state when 'invalid' then 'intake' else 'activities' end,
      coalesce(w.errors -> 0 ->> 'message', case w.state_substate when 'all_activities_failed' then 'All its activities failed.' end, why),
      pg_catalog.jsonb_build_object('path', w.errors -> 0 -> 'path',
        'faults', pg_catalog.jsonb_array_length(case pg_catalog.jsonb_typeof(w.errors) when 'array' then w.errors end))
    from public.workflow_request as w
    where w.id = any (logger_failures.ids)
      and w.replay = 0;
  when 'activity_request' then
    return query
    select a.id, a.org_id, a.workflow_request_id, a.state::text, a.state_substate,
      case when a.state = 'done' then 'warn'
        when a.state_substate in ('all_runs_failed', 'dependency_failed') then 'info'
        when a.state_substate in ('cancelled', 'workflow_timeout') then 'debug' else 'error' end,
      'activities',
      coalesce(a.errors -> -1 ->> 'message', case a.state_substate when 'all_runs_failed' then 'All its runs failed.' end, why),
      pg_catalog.jsonb_build_object(
        'activity_key', a.activity_key, 'path', a.errors -> -1 -> 'path',
        'faults', pg_catalog.jsonb_array_length(case pg_catalog.jsonb_typeof(a.errors) when 'array' then a.errors end))
    from public.activity_request as a
    where a.id = any (logger_failures.ids);
  when 'run_queue' then
    return query
    select q.id, q.org_id, q.workflow_request_id, q.state::text, q.state_substate,
      case when q.state = 'failed' and q.run_request_id is not null
        or q.state_substate in ('cancelled', 'activity_timeout', 'workflow_timeout') then 'debug' else 'error' end,
      'runs', coalesce(q.error ->> 'message', why),
      pg_catalog.jsonb_build_object(
        'activity_request_id', q.activity_request_id, 'source_id', q.source_id, 'object_id', q.object_id)
    from public.run_queue as q
    where q.id = any (logger_failures.ids);
  when 'run_request' then
    return query
    select r.id, r.org_id, r.workflow_request_id, r.state::text, r.state_substate,
      case when r.state in ('waiting', 'ready') then 'warn'
        when r.state_substate in ('cancelled', 'run_timeout', 'activity_timeout', 'workflow_timeout') then 'debug'
        else 'error' end,
      'exchange',
      case r.state when 'ready' then 'Nothing was heard of it before its lease ended; it is sent again.'
        else coalesce(r.error ->> 'message', why) end,
      pg_catalog.jsonb_build_object(
        'activity_request_id', r.activity_request_id, 'source_id', r.source_id, 'kind', r.kind, 'attempts', r.attempts,
        'http_status', r.http_status, 'worker', r.worker)
    from public.run_request as r
    where r.id = any (logger_failures.ids);
  when 'delivery' then
    return query
    select d.id, d.org_id, d.workflow_request_id, d.state::text, d.state_substate,
      case when d.state in ('waiting', 'ready') then 'warn' when d.state_substate = 'cancelled' then 'debug' else 'error' end,
      'delivery',
      case d.state when 'ready' then 'Nothing was heard of it before its lease ended; it is sent again.'
        else coalesce(d.error ->> 'message', why) end,
      pg_catalog.jsonb_build_object(
        'activity_request_id', d.activity_request_id, 'alert_id', d.alert_id, 'endpoint_id', d.endpoint_id,
        'event_type', d.event_type, 'attempts', d.attempts, 'http_status', d.http_status, 'worker', d.worker)
    from public.delivery as d
    where d.id = any (logger_failures.ids);
  end case;
end
$$;

comment on function etl_api.logger_failures(etl_api.entity_kind, uuid[]) is
  'What rows that failed, timed out, are invalid or are tried again have to tell in the log, with the level: error where a failure happened, warn when it is tried again, info where it was to be expected after others, warn where a part was left out, debug where it only follows.';

revoke execute on function etl_api.logger_failures(etl_api.entity_kind, uuid[]) from public;

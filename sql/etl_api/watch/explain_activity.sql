create or replace function etl_api.explain_activity(id uuid, with_messages boolean default true) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  activity public.activity_request;
  first record;
  waits_for text;
begin
  select ar.* into activity
  from public.activity_request as ar
  where ar.id = explain_activity.id;
  first := etl_api.explain_state('activity_request', id, pg_catalog.format('Activity %L', activity.activity_key),
    activity.state::text, activity.state_substate);
  return next first.sentence;

  if activity.state = 'waiting' then
    waits_for := etl_api.explain_progress(array(
      select before.id
      from public.activity_request as before
      where before.workflow_request_id = activity.workflow_request_id
        and before.activity_key = any (etl_api.activities_waited_for(activity.id))));
    return next coalesce('Waits for ' || waits_for || '.', 'What it waited for has ended: it begins at once.');
  elsif activity.state = 'in_progress' then
    return query select etl_api.explain_open_runs(id);
    return query select etl_api.explain_open_requests(id);
  end if;
  -- What has no path is the reason of the state, which the first sentence told.
  return query select etl_api.explain_faults(pg_catalog.jsonb_path_query_array(activity.errors, '$[*] ? (@.path != null)'));
  return query select etl_api.explain_bad_runs(id);
  return query select etl_api.explain_refusals(id);
  if activity.state in ('done', 'delivered') then
    return query select etl_api.explain_result(id);
  end if;
  if with_messages then
    return query select etl_api.explain_messages(activity.workflow_request_id, id);
  end if;
  if activity.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    return query select etl_api.explain_timeout(activity.timeout_at);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_activity(uuid, boolean) is
  'The sentences about an activity request, with or without its messages; see explain.';

revoke execute on function etl_api.explain_activity(uuid, boolean) from public;

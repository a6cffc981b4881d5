create or replace function etl_api.substate_meaning()
returns table (entity etl_api.entity_kind, state text, substate text, meaning text, advice text)
language sql immutable
set search_path = ''
as $$
  -- One line may speak of several entities and states; http_nnn stands for every HTTP status.
  select e.name::etl_api.entity_kind, s.name, m.substate, m.meaning, m.advice
  from (
    values
      -- on the way
      ('workflow_request activity_request run_queue run_request delivery', 'new', null, 'it was inserted and not taken in yet', 'That takes no longer than the statement that inserts it; if it stays so, the triggers of its table are switched off.'),
      ('workflow_request activity_request run_queue run_request delivery', 'valid', null, 'it is valid and not started yet', 'That takes no longer than the statement that validates it; if it stays so, the triggers of its table are switched off.'),
      ('workflow_request', 'waiting', null, 'it has not begun', null),
      ('workflow_request', 'waiting', 'not_before', 'it begins at the time it was given (not_before)', 'etl_api.cancel(id) ends it before.'),
      ('workflow_request', 'ready', null, 'it begins at once', null),
      ('workflow_request', 'in_progress', null, 'its activities are at work', null),
      ('activity_request', 'waiting', null, 'it has not begun', null),
      ('activity_request', 'waiting', 'phase', 'its phase has not come', null),
      ('activity_request', 'waiting', 'dependency', 'it takes the objects of activities that have not ended', null),
      ('activity_request', 'ready', null, 'it begins at once', null),
      ('activity_request', 'in_progress', null, 'its runs are at work', null),
      ('run_queue', 'waiting', null, 'it waits to be sent to its source', null),
      ('run_queue', 'waiting', 'allocation', 'it waits to be sent to its source', null),
      ('run_queue run_request', 'waiting', 'budget', 'the monthly budget of the org does not allow it', 'Raise org.settings.monthly_budget; else it goes on when the next month begins.'),
      ('run_queue', 'ready', null, 'it is to be sent to its source again', null),
      ('run_queue', 'in_progress', null, 'its HTTP request is under way', null),
      ('run_request', 'waiting', null, 'it waits to be sent', null),
      ('run_request', 'waiting', 'backoff', 'its last attempt failed, and the next one is not due', 'etl_api.cancel(id) gives it up.'),
      ('run_request', 'waiting', 'polling', 'the source is at work on it, and is asked for its status from time to time', null),
      ('run_request', 'ready', null, 'it is to be sent', null),
      ('run_request', 'ready', 'released', 'its worker handed it back without sending it', null),
      ('run_request', 'ready', 'lease_expired', 'its worker was not heard of before its lease ended, so it is sent again', null),
      ('run_request', 'in_progress', null, 'a worker has it and waits for the answer', null),
      ('delivery', 'waiting', null, 'it waits to be sent', null),
      ('delivery', 'waiting', 'backoff', 'its last attempt failed, and the next one is not due', 'etl_api.redeliver(id) sends it at once.'),
      ('delivery', 'waiting', 'endpoint_disabled', 'its endpoint is disabled, and it goes on when that is in use again', 'Set webhook_endpoint.disabled_at to null once the endpoint can take messages.'),
      ('delivery', 'ready', null, 'it is to be sent', null),
      ('delivery', 'ready', 'released', 'its worker handed it back without sending it', null),
      ('delivery', 'ready', 'lease_expired', 'its worker was not heard of before its lease ended, so it is sent again', null),
      ('delivery', 'in_progress', null, 'a worker has it and waits for the client''s answer', null),
      -- ended well
      ('workflow_request', 'done', null, 'its activities have ended', null),
      ('workflow_request', 'delivered', null, 'its activities have ended, and all its messages were taken', null),
      ('activity_request', 'done', null, 'it has its result', null),
      ('activity_request', 'delivered', null, 'it has its result, and all its messages were taken', null),
      ('workflow_request', 'done delivered', 'partial', 'its activities have ended, and not all of them wholly', null),
      ('activity_request', 'done delivered', 'partial', 'it has ended, and its result is not whole', 'Insert a new request for what is missing.'),
      ('activity_request', 'done delivered', 'no_objects', 'it has ended without an object', 'Look at the input, or at what the search asks for.'),
      ('activity_request', 'done delivered', 'skipped', 'it did not run, because an activity whose objects it takes did not end well (on_failure: skip)', 'Insert a new request once the cause is gone.'),
      ('workflow_request activity_request', 'done', 'delivery_failed', 'it has its result, but a message about it was given up', 'Once the client can take it: etl_api.redeliver(id).'),
      ('run_queue', 'done delivered', null, 'its source has answered', null),
      ('run_queue', 'done', 'no_value', 'its source has answered, with nothing of what was asked', 'The next source was asked, where there is one.'),
      ('run_queue', 'done', 'refused', 'its source has answered, and guardrails refused all of it', 'etl_api.explain of its activity names the guardrails.'),
      ('run_request', 'done delivered', null, 'the source has answered', null),
      ('delivery', 'done delivered', null, 'the client has taken it', 'etl_api.redeliver(id) sends it once more.'),
      -- ended otherwise
      ('workflow_request', 'invalid', null, 'its data cannot be followed', 'Put right what is named, then etl_api.retry(id); or insert it anew with other data.'),
      ('workflow_request', 'invalid', 'no_free_objects', 'the org has no free objects left, and no charge is arranged', 'Arrange a charge (org.next_charge), then etl_api.retry(id).'),
      ('workflow_request', 'failed', null, 'it failed', 'etl_api.retry(id) runs what did not end well again.'),
      ('workflow_request', 'failed', 'all_activities_failed', 'none of its activities ended well', 'Once the cause is gone: etl_api.retry(id).'),
      ('workflow_request activity_request run_queue run_request delivery', 'failed', 'cancelled', 'it was cancelled', 'etl_api.retry(id) takes it up again.'),
      ('workflow_request activity_request run_queue run_request', 'timedout', 'workflow_timeout', 'the request was over its time (data.config.timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('workflow_request activity_request run_queue run_request', 'timedout', 'deadline', 'the request had not ended by its deadline (deadline_at)', 'Insert a new request: a deadline that has passed stays passed.'),
      ('activity_request run_queue run_request', 'timedout', 'activity_timeout', 'the activity was over its time (activity_timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('run_queue run_request', 'timedout', 'run_timeout', 'the run was over its time (run_timeout_seconds)', 'etl_api.retry(id) takes it up again with a new time limit.'),
      ('workflow_request activity_request run_queue run_request delivery', 'timedout', null, 'it was over its time', 'etl_api.retry(id) takes it up again.'),
      ('activity_request', 'failed', null, 'it failed', 'etl_api.retry(id) runs it again.'),
      ('activity_request', 'failed', 'all_runs_failed', 'all its runs failed', 'Once the cause is gone: etl_api.retry(id).'),
      ('activity_request', 'failed', 'internal_error', 'the engine raised an error when it moved it on', 'etl_api.etl_log says why; etl_api.retry(id) runs it again.'),
      ('activity_request', 'failed', 'missing_value', 'none of its objects has a key', 'Insert a new request whose objects have their key.'),
      ('activity_request', 'invalid', null, 'it cannot start', 'etl_api.retry(id) takes it up again once the cause is gone.'),
      ('activity_request', 'invalid', 'missing_value', 'something that it needs is missing', 'etl_api.retry(id) takes it up again once it is there.'),
      ('activity_request', 'invalid', 'dependency_failed', 'an activity whose objects it takes did not end well', 'Retry that one: etl_api.retry of its id takes this one up too.'),
      ('run_queue run_request', 'invalid', null, 'it cannot be sent', 'etl_api.retry(id) takes it up again once the cause is gone.'),
      ('run_queue run_request', 'invalid', 'missing_value', 'the template of its source asks for what nobody gave', 'Give it in setup.config or correct the template; etl_api.dry_run shows what is missing before anything is sent.'),
      ('run_queue run_request', 'invalid', 'budget_exceeded', 'the budget of the request (data.config.budget) does not allow it', 'Insert a request with a larger budget.'),
      ('run_queue run_request', 'failed', null, 'it failed', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'rate_limited', 'the source has had too many requests (HTTP 429)', 'Give the source a rate_limit that it can keep, then etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'http_nnn', 'it was answered with an HTTP error', 'Once the cause is gone: etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'timeout', 'no answer came in time', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request delivery', 'failed', 'network', 'there was no connection, or it broke', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'too_large', 'the answer was larger than is taken', 'Ask for less at once: max_objects_per_request, or a page size in the template.'),
      ('run_queue run_request delivery', 'failed', 'blocked', 'the address is one that nothing is sent to (an internal network)', 'Correct the URL, or allow the address in the functions'' configuration.'),
      ('run_queue run_request delivery', 'failed', 'secret_missing', 'a secret that it needs is not there, or cannot be opened', 'Set it with npm run secrets (or in ETL_SECRETS), then etl_api.retry(id).'),
      ('run_queue run_request delivery', 'failed', 'bad_request', 'what was to be sent is no HTTP request', 'Correct the template or the URL, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'invalid_json', 'the answer was no JSON', 'etl_api.retry(id) sends it again.'),
      ('run_queue run_request', 'failed', 'too_many_matches', 'the answer held more objects, or a path found more places in it, than is taken', 'Ask for less at once: a page size in the template; name more of the way instead of "**".'),
      ('run_queue run_request', 'failed', 'too_many_values', 'the answer gave one object more values than is taken', 'Map fewer datapoints of this source.'),
      ('run_queue run_request', 'failed', 'source_error', 'the answer told of an error (response.error of the template)', 'Once the cause is gone: etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'source_failed', 'the source says that its run failed', 'etl_api.retry(id) of the run starts a new one.'),
      ('run_queue run_request', 'failed', 'no_external_id', 'the answer held neither an id to ask for nor objects', 'Correct response.external_id of the template, then etl_api.retry(id); etl_api.test_mapping tries it.'),
      ('run_queue run_request', 'failed', 'poll_limit', 'the source was asked for its status as often as poll_policy.max_polls allows, without an end', 'etl_api.retry(id) asks on.'),
      ('run_queue run_request', 'failed', 'lease_expired', 'its worker was not heard of after its last attempt', 'Look at the log of execute-runs, then etl_api.retry(id).'),
      ('run_queue run_request', 'failed', 'internal_error', 'the engine raised an error over it or over its answer', 'etl_api.etl_log says why; etl_api.retry(id) sends it again.'),
      ('delivery', 'failed', null, 'it was given up', 'etl_api.redeliver(id) sends it again.'),
      ('delivery', 'failed', 'attempts_exhausted', 'it was given up after its last attempt', 'Once the client can take it: etl_api.redeliver(id).'),
      ('delivery', 'failed', 'too_large', 'it was larger than is sent (setting max_message_bytes)', 'Ask for fewer objects or datapoints in one activity; or raise the setting, then etl_api.redeliver(id).'),
      ('delivery', 'failed', 'internal_error', 'the engine raised an error over it', 'etl_api.etl_log says why; etl_api.redeliver(id) sends it again.'),
      ('delivery', 'invalid', null, 'it cannot be sent', 'etl_api.redeliver(id) sends it once the cause is gone.')
  ) as m (entities, states, substate, meaning, advice)
  cross join lateral pg_catalog.regexp_split_to_table(m.entities, ' ') as e (name)
  cross join lateral pg_catalog.regexp_split_to_table(m.states, ' ') as s (name)
$$;

comment on function etl_api.substate_meaning() is
  'What each state and substate of each table means, as explain says it, and what to do: one row each, substate null for the plain state; http_nnn stands for every HTTP status. The substate of an invalid workflow request is the code of its first fault: docs/requests.md.';

revoke execute on function etl_api.substate_meaning() from public;
grant execute on function etl_api.substate_meaning() to authenticated, service_role;

create or replace function etl_api.refuse_answer(
  run_request_id uuid, result jsonb, fault_state text, fault_message text, over_limit jsonb default null)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  answers etl_api.answer[];
begin
  -- The same result with an error of its own is judged before anything is read in it.
  answers := etl_api.accept_answers(array[run_request_id], array[result || pg_catalog.jsonb_build_object(
    'status', null,
    'error', pg_catalog.jsonb_build_object(
      'kind', coalesce(over_limit ->> 'code', 'internal_error'),
      'message', coalesce(
        (over_limit ->> 'message') || ' ' || (over_limit ->> 'hint'),
        pg_catalog.format('The engine could not use the answer: %s (%s).', fault_message, fault_state))))]);
  if pg_catalog.cardinality(answers) = 0 then
    return '{}'::uuid[];
  end if;
  perform etl_api.process_answers(answers);
  -- What is over a limit failed for a reason its row tells, like any other failure.
  if over_limit is null then
    perform etl_api.logger('error', 'exchange', 'An answer could not be used.',
      pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
  end if;
  return array[run_request_id];
end
$$;

comment on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) is
  'Ends an HTTP request whose answer made the engine raise as failed: over_limit, the fault of a limit it is over, else internal_error, with the cause in the log. The answer is kept in run_response. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) from public;
grant execute on function etl_api.refuse_answer(uuid, jsonb, text, text, jsonb) to service_role;

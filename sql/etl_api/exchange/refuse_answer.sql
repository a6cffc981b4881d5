create or replace function etl_api.refuse_answer(run_request_id uuid, result jsonb, fault_state text, fault_message text)
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
      'kind', 'internal_error',
      'message', pg_catalog.format('The engine could not use the answer: %s (%s).', fault_message, fault_state)))]);
  if pg_catalog.cardinality(answers) = 0 then
    return '{}'::uuid[];
  end if;
  perform etl_api.process_answers(answers);
  perform etl_api.logger('error', 'exchange', 'An answer could not be used.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
  return array[run_request_id];
end
$$;

comment on function etl_api.refuse_answer(uuid, jsonb, text, text) is
  'Ends an HTTP request whose answer made the engine raise as failed (internal_error); the answer is kept in run_response, the cause in the log. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_answer(uuid, jsonb, text, text) from public;
grant execute on function etl_api.refuse_answer(uuid, jsonb, text, text) to service_role;

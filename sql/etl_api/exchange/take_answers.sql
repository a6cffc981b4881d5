create or replace function etl_api.take_answers(ids uuid[], results jsonb[]) returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  half constant int := pg_catalog.cardinality(ids) / 2;
  answers etl_api.answer[];
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_hint text;
begin
  perform etl_api.lock_request_workflows(ids);
  answers := etl_api.accept_answers(ids, results);
  if pg_catalog.cardinality(answers) > 0 then
    perform etl_api.process_answers(answers);
  end if;
  return array(select a.run_request_id from pg_catalog.unnest(answers) as a);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text,
    fault_detail = pg_exception_detail, fault_hint = pg_exception_hint;
  -- What is not the answer's doing is to be tried again as a whole; see isolate_workflow_requests.
  if fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03' then
    raise;
  end if;
  -- All locks at once again, in their order, before the parts take theirs.
  perform etl_api.lock_request_workflows(ids);
  if half > 0 then
    return etl_api.take_answers(ids[1 : half], results[1 : half])
      || etl_api.take_answers(ids[half + 1 :], results[half + 1 :]);
  end if;
  return etl_api.refuse_answer(ids[1], results[1], fault_state, fault_message,
    etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint));
end
$$;

comment on function etl_api.take_answers(uuid[], jsonb[]) is
  'Takes the results of claimed HTTP requests whose lease lives and does what they lead to. When that fails, it halves them until the one that cannot be used stands alone, ends that request as failed (with the code of the limit it is over, or internal_error) and takes the others. Returns the ids of those taken.';

revoke execute on function etl_api.take_answers(uuid[], jsonb[]) from public;
grant execute on function etl_api.take_answers(uuid[], jsonb[]) to service_role;

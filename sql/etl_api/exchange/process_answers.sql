create or replace function etl_api.process_answers(answers etl_api.answer[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What comes next is queued before what came is ended: a chain with a follow-up has not ended.
  perform etl_api.map_answers(answers);
  perform etl_api.follow_answers(answers);
  perform etl_api.settle_answers(answers);
end
$$;

comment on function etl_api.process_answers(etl_api.answer[]) is
  'What accepted answers lead to: values, further requests, ended runs, the next sources, ended activities. The caller holds the workflow locks.';

revoke execute on function etl_api.process_answers(etl_api.answer[]) from public;
grant execute on function etl_api.process_answers(etl_api.answer[]) to service_role;

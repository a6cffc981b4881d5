-- What the guard does not see, because it is no change of a state.

drop trigger if exists logger_refusals on public.guardrail_refusal;
create trigger logger_refusals
  after insert on public.guardrail_refusal
  referencing new table as new_rows
  for each statement
  execute function etl_api.logger_refusals();
comment on trigger logger_refusals on public.guardrail_refusal is
  'What guardrails refuse stands in the log.';

drop trigger if exists logger_endpoints on public.webhook_endpoint;
create trigger logger_endpoints
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.logger_endpoints();
comment on trigger logger_endpoints on public.webhook_endpoint is
  'That an endpoint was disabled stands in the log.';

create or replace function etl_api.guard_logs(entity etl_api.entity_kind, ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.logger_entries(array(
    select row(
      null, null, f.level, f.station,
      coalesce(f.message, pg_catalog.format('It is %s%s.', f.state, ': ' || f.code)),
      f.org_id, guard_logs.entity, f.id, f.trace_id,
      f.context || pg_catalog.jsonb_build_object('state', f.state, 'code', f.code))::etl_api.etl_log
    from etl_api.logger_failures(guard_logs.entity, guard_logs.ids) as f
    -- An exception is logged by who caught it, with more than the row knows: record_intake_failure, refuse_answer.
    where f.code is distinct from 'internal_error'));
end
$$;

comment on function etl_api.guard_logs(etl_api.entity_kind, uuid[]) is
  'Tells the log why these rows failed, timed out, are invalid or are tried again. The guard calls it, so it holds for every writer.';

revoke execute on function etl_api.guard_logs(etl_api.entity_kind, uuid[]) from public;

create or replace function etl_api.logger_refusals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Each refusal is a row of its own already: one entry says how many there were of a kind.
  perform etl_api.logger_entries(array(
    select row(
      null, null, 'info', case n.stage when 'before_run' then 'activities' else 'results' end,
      pg_catalog.format(case n.stage when 'before_run' then '%s of the objects %s not asked about: the guardrail "%s" refused %s.'
          else '%s of the finds %s not accepted: the guardrail "%s" refused %s.' end,
        n.count, case n.count when 1 then 'was' else 'were' end, n.description, case n.count when 1 then 'it' else 'them' end),
      n.org_id, 'activity_request', n.activity_request_id, a.workflow_request_id,
      pg_catalog.jsonb_build_object(
        'stage', n.stage, 'count', n.count, 'factor_id', n.factor_id, 'datapoint_id', n.datapoint_id,
        'source_id', n.source_id))::etl_api.etl_log
    from (
      select n.org_id, n.activity_request_id, n.stage, n.description, n.factor_id, n.datapoint_id, n.source_id,
        pg_catalog.count(*) as count
      from new_rows as n
      group by n.org_id, n.activity_request_id, n.stage, n.description, n.factor_id, n.datapoint_id, n.source_id
    ) as n
    join public.activity_request as a on a.id = n.activity_request_id
    order by n.activity_request_id, n.description));
  return null;
end
$$;

comment on function etl_api.logger_refusals() is
  'Tells the log what guardrails refused: one entry for each statement, activity request, guardrail and source.';

revoke execute on function etl_api.logger_refusals() from public;

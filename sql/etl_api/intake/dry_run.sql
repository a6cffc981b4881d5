create or replace function etl_api.dry_run(org_id uuid, data jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  plan jsonb;
begin
  perform etl_api.check_caller_org(org_id);
  -- The request is made for real, by the same code as any other, and undone: rows, counters and bells go with the
  -- block that is left by an exception; only the variable stays.
  begin
    plan := etl_api.dry_run_plan(org_id, data);
    raise exception using errcode = 'ETL00', message = 'This ends a dry run.';
  exception
    when sqlstate 'ETL00' then
      return plan;
  end;
end
$$;

comment on function etl_api.dry_run(uuid, jsonb) is
  'What a workflow request with this data would do, with nothing sent and nothing stored: {valid, errors, activities: [{activity_key, activity_type, phase, state, substate, waits_for, objects, runs, requests, cost, errors}], request_count, cost, requests: [{activity_key, source, objects, method, url, query, headers, body}]}. requests are the HTTP requests that would go out first, at most 100 of request_count, secrets as ***; one that cannot be rendered says what is missing. No limit or budget holds it up. ETL04: no such org; ETL06: not the caller''s org.';

revoke execute on function etl_api.dry_run(uuid, jsonb) from public;
grant execute on function etl_api.dry_run(uuid, jsonb) to authenticated, service_role;

create or replace function etl_api.complete_run_requests(results jsonb)
returns table (run_request_id uuid, accepted boolean, message text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  taken_ids uuid[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].';
  end if;
  taken_ids := etl_api.take_answers(etl_api.completions_by_id(results, 'run_request_id'));

  return query
  select t.id, coalesce(t.id = any (taken_ids) and t.first, false),
    case
      when t.id is null then 'not a result: run_request_id is missing or not a UUID'
      when not t.first then 'given twice in this call: the first one counts'
      when t.id = any (taken_ids) then null
      when r.id is null then 'no such request'
      when r.state <> 'in_progress' then pg_catalog.format('already %s: nothing was changed', r.state)
      else 'the lease is lost: nothing was changed'
    end
  from (
    select utils.uuid_or_null(e.value -> 'run_request_id') as id, e.place,
      pg_catalog.row_number() over (partition by utils.uuid_or_null(e.value -> 'run_request_id') order by e.place) = 1 as first
    from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
  ) as t
  left join public.run_request as r on r.id = t.id
  order by t.place;
end
$$;

comment on function etl_api.complete_run_requests(jsonb) is
  'Reports what came back for claimed HTTP requests: [{"run_request_id", "lease_token", "status", "headers": {"content-type", "retry-after"}, "body" or "body_text", "error": {"kind", "message"}, "duration_ms"}]. Answers are judged, mapped into values, followed by what they call for; one that the engine cannot use ends as failed (internal_error) and costs none of the others. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_run_requests(jsonb) from public;
grant execute on function etl_api.complete_run_requests(jsonb) to service_role;

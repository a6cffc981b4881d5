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
  all_ids boolean;
  given record;
  taken_ids uuid[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"run_request_id", "lease_token", "status", "headers", "body", "error", "duration_ms"}].';
  end if;

  -- Mostly all have an id: one look at them together is cheaper than one at each.
  select pg_catalog.string_agg(',' || coalesce(e.value ->> 'run_request_id', ''), '')
    ~* '^(,[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})*$'
  into all_ids
  from pg_catalog.jsonb_array_elements(results) as e (value);

  -- In the order of the ids, in which locks are taken; of two results for one id the first counts.
  select pg_catalog.array_agg(r.id) as ids, pg_catalog.array_agg(r.value) as results into given
  from (
    select distinct on (e.id) e.id, e.value
    from (
      select e.value, e.place,
        case when all_ids then (e.value ->> 'run_request_id')::uuid else utils.uuid_or_null(e.value -> 'run_request_id') end as id
      from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
      offset 0
    ) as e
    where e.id is not null
    order by e.id, e.place
  ) as r;
  taken_ids := case when given.ids is null then '{}' else etl_api.take_answers(given.ids, given.results) end;

  -- Mostly all are taken: then each has an id, none was given twice, and there is nothing to look up.
  if pg_catalog.cardinality(taken_ids) = pg_catalog.jsonb_array_length(results) then
    return query
    select (e.value ->> 'run_request_id')::uuid, true, null::text
    from pg_catalog.jsonb_array_elements(results) as e (value);
    return;
  end if;

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
    select e.id, e.place, pg_catalog.row_number() over (partition by e.id order by e.place) = 1 as first
    from (
      select utils.uuid_or_null(r.value -> 'run_request_id') as id, r.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as r (value, place)
      offset 0
    ) as e
  ) as t
  left join lateral (
    select known.id, known.state
    from public.run_request as known
    where known.id = t.id
    offset 0
  ) as r on true
  order by t.place;
end
$$;

comment on function etl_api.complete_run_requests(jsonb) is
  'Reports what came back for claimed HTTP requests: [{"run_request_id", "lease_token", "status", "headers": {"content-type", "retry-after"}, "body" or "body_text", "error": {"kind", "message"}, "duration_ms"}]. Answers are judged, mapped into values, followed by what they call for; one that the engine cannot use ends as failed (internal_error) and costs none of the others. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_run_requests(jsonb) from public;
grant execute on function etl_api.complete_run_requests(jsonb) to service_role;

create or replace function etl_api.complete_deliveries(results jsonb)
returns table (delivery_id uuid, accepted boolean, message text)
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
  given record;
  workflow_ids uuid[];
  taken_ids uuid[];
begin
  if pg_catalog.jsonb_typeof(results) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('results is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(results), 'null')),
      hint = 'Give [{"delivery_id", "lease_token", "status", "headers", "error", "duration_ms"}].';
  end if;
  -- Of two results for one message the first counts.
  select pg_catalog.array_agg(r.id) as ids, pg_catalog.array_agg(r.value) as results
  into given
  from (
    select distinct on (t.id) t.id, t.value
    from (
      select utils.uuid_or_null(e.value -> 'delivery_id') as id, e.value, e.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
      offset 0
    ) as t
    where t.id is not null
    order by t.id, t.place
  ) as r;

  workflow_ids := array(
    select distinct d.workflow_request_id
    from unnest(given.ids) as i (id)
    cross join lateral (
      select sent.workflow_request_id
      from public.delivery as sent
      where sent.id = i.id
      offset 0
    ) as d);
  perform etl_api.lock_workflows(workflow_ids);

  taken_ids := etl_api.accept_delivery_results(given.ids, given.results);
  if pg_catalog.cardinality(taken_ids) > 0 then
    perform etl_api.settle_deliveries(workflow_ids);
  end if;

  -- Mostly all are taken: then each has an id, none was given twice, and there is nothing to look up.
  if pg_catalog.cardinality(taken_ids) = pg_catalog.jsonb_array_length(results) then
    return query
    select (e.value ->> 'delivery_id')::uuid, true, null::text
    from pg_catalog.jsonb_array_elements(results) as e (value);
    return;
  end if;

  return query
  select t.id, coalesce(t.id = any (taken_ids) and t.first, false),
    case
      when t.id is null then 'not a result: delivery_id is missing or not a UUID'
      when not t.first then 'given twice in this call: the first one counts'
      when t.id = any (taken_ids) then null
      when d.id is null then 'no such delivery'
      when d.state <> 'in_progress' then pg_catalog.format('already %s: nothing was changed', d.state)
      else 'the lease is lost: nothing was changed'
    end
  from (
    select e.id, e.place, pg_catalog.row_number() over (partition by e.id order by e.place) = 1 as first
    from (
      select utils.uuid_or_null(r.value -> 'delivery_id') as id, r.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as r (value, place)
      offset 0
    ) as e
  ) as t
  left join lateral (
    select known.id, known.state
    from public.delivery as known
    where known.id = t.id
    offset 0
  ) as d on true
  order by t.place;
end
$$;

comment on function etl_api.complete_deliveries(jsonb) is
  'Reports what clients said: [{"delivery_id", "lease_token", "status", "headers": {"retry-after"}, "error": {"kind", "message"}, "duration_ms"}]. 2xx is delivered; anything else is tried again by the setting delivery_schedule_seconds; 410 disables the endpoint. One row per result; accepted is false, and nothing changed, when it was completed before or its lease is lost. ETL04: not an array.';

revoke execute on function etl_api.complete_deliveries(jsonb) from public;
grant execute on function etl_api.complete_deliveries(jsonb) to service_role;

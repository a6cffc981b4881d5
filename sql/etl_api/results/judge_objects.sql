create or replace function etl_api.judge_objects(activity_request_ids uuid[], object_ids uuid[], guardrails boolean)
returns table (
  activity_request_id uuid, object_id uuid, factor_id uuid, datapoint_id uuid, description text, value jsonb, met boolean)
language plpgsql stable
set search_path = ''
-- Lists are joined here, not tables: whatever a caller switches off.
set enable_hashjoin = on
as $$
#variable_conflict use_column
begin
  return query
  with pair as materialized (
    select distinct i.activity_request_id, i.object_id, o.object_type_id
    from unnest(activity_request_ids, object_ids) as i (activity_request_id, object_id)
    cross join lateral (
      select thing.object_type_id
      from public.object as thing
      where thing.id = i.object_id
      limit 1
    ) as o
  ),
  fact as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct p.activity_request_id from pair as p), guardrails) as f
  ),
  -- Requests of one activity have the same factors: each set is evaluated once, over the objects of them all.
  judged as (
    select verdict.factor_id, verdict.object_id, verdict.value, verdict.met
    from (
      select own.factor_ids, pg_catalog.array_agg(distinct p.object_id) as object_ids
      from pair as p
      join (
        select f.activity_request_id, f.object_type_id, pg_catalog.array_agg(f.factor_id order by f.factor_id) as factor_ids
        from fact as f
        group by f.activity_request_id, f.object_type_id
      ) as own
        on own.activity_request_id = p.activity_request_id
        and own.object_type_id = p.object_type_id
      group by own.factor_ids
    ) as sets
    cross join lateral etl_api.evaluate_factors(sets.factor_ids, sets.object_ids) as verdict
  )
  select p.activity_request_id, p.object_id, f.factor_id, f.datapoint_id, f.description, j.value, j.met
  from judged as j
  join fact as f on f.factor_id = j.factor_id
  join pair as p
    on p.activity_request_id = f.activity_request_id
    and p.object_type_id = f.object_type_id
    and p.object_id = j.object_id;
end
$$;

comment on function etl_api.judge_objects(uuid[], uuid[], boolean) is
  'What the guardrails (or, with false, the use cases) of activity requests say of objects, pair by pair, by what is known best of each: only factors of the object''s type. met is null where nothing can be said.';

revoke execute on function etl_api.judge_objects(uuid[], uuid[], boolean) from public;
grant execute on function etl_api.judge_objects(uuid[], uuid[], boolean) to service_role;

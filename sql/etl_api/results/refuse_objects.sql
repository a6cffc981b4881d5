create or replace function etl_api.refuse_objects(
  activity_request_ids uuid[], object_ids uuid[], run_request_ids uuid[], stage text)
returns table (activity_request_id uuid, object_id uuid)
language plpgsql
set search_path = ''
set enable_hashjoin = on
as $$
#variable_conflict use_column
begin
  return query
  with broken as materialized (
    select j.*, ar.org_id, ar.result_role = 'input' and j.datapoint_id = any (ar.datapoint_ids) as asked
    from etl_api.judge_objects(activity_request_ids, object_ids, true) as j
    -- By key: a hash of the lists must not become one of the table.
    cross join lateral (
      select asking.org_id, asking.result_role, asking.datapoint_ids
      from public.activity_request as asking
      where asking.id = j.activity_request_id
      offset 0
    ) as ar
    where j.met is false
  ),
  recorded as (
    insert into public.guardrail_refusal
      (org_id, activity_request_id, object_id, stage, datapoint_id, source_id, factor_id, description, value,
       run_request_id, refused_at)
    select b.org_id, b.activity_request_id, b.object_id, case when b.asked then 'after_result' else stage end,
      b.datapoint_id, said.source_id, b.factor_id, b.description, b.value, came.run_request_id, utils.now()
    from broken as b
    left join lateral (
      select v.source_id
      from public.value as v
      where v.object_id = b.object_id
        and v.datapoint_id = b.datapoint_id
        and v.value = b.value
      order by v.observed_at desc
      limit 1
    ) as said on true
    left join (
      select distinct on (i.activity_request_id, i.object_id)
        i.activity_request_id, i.object_id, i.run_request_id, i.place
      from unnest(activity_request_ids, object_ids, run_request_ids)
        with ordinality as i (activity_request_id, object_id, run_request_id, place)
      order by i.activity_request_id, i.object_id, i.place
    ) as came
      on came.activity_request_id = b.activity_request_id
      and came.object_id = b.object_id
    -- That a value asked for is not known yet is no refusal: it is still to be found.
    where not b.asked
       or b.value is not null
    order by came.place, b.factor_id
    on conflict (activity_request_id, object_id, factor_id, stage, datapoint_id, source_id) do update
      set description = excluded.description,
          value = excluded.value,
          run_request_id = excluded.run_request_id,
          refused_at = excluded.refused_at
  )
  select distinct b.activity_request_id, b.object_id
  from broken as b
  where not b.asked;
end
$$;

comment on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) is
  'Holds objects against the guardrails of activity requests and records what breaks one, with the factor and its sentence: the object, or, where the datapoint is one that the activity asks for, the value that is known of it. Returns the objects refused.';

revoke execute on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) from public;
grant execute on function etl_api.refuse_objects(uuid[], uuid[], uuid[], text) to service_role;

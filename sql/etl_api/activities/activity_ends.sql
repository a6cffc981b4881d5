create or replace function etl_api.activity_ends(activity_request_ids uuid[])
returns table (activity_request_id uuid, state public.activity_request_state, substate text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select ar.id,
    case
      when found.failed > 0 and found.done = 0 and found.objects = 0 then 'failed'
      when ar.result_role = 'input' and found.failed > 0 and found.done = 0 and found."values" = 0 then 'failed'
      when ar.result_role = 'input' and found.objects = 0 and ar.errors is not null then 'failed'
      else 'done'
    end::public.activity_request_state,
    case
      when found.failed > 0 and found.done = 0 and (found.objects = 0 or (ar.result_role = 'input' and found."values" = 0))
        then 'all_runs_failed'
      when found.objects = 0 and ar.result_role = 'input' and ar.errors is not null then 'missing_value'
      when found.objects = 0 then 'no_objects'
      when found.missing > 0 or ar.errors is not null or (ar.result_role = 'result' and found.failed > 0) then 'partial'
    end
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select ending.id, ending.result_role, ending.errors
    from public.activity_request as ending
    where ending.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select (r.summary ->> 'objects')::bigint as objects,
      (r.summary ->> 'values')::bigint as "values",
      (r.summary ->> 'missing')::bigint as missing,
      coalesce((r.summary #>> '{runs,done}')::bigint, 0) as done,
      coalesce((r.summary #>> '{runs,failed}')::bigint, 0) + coalesce((r.summary #>> '{runs,invalid}')::bigint, 0)
        + coalesce((r.summary #>> '{runs,timedout}')::bigint, 0) as failed
    from public.activity_result as r
    where r.activity_request_id = i.id
    offset 0
  ) as found;
end
$$;

comment on function etl_api.activity_ends(uuid[]) is
  'How activity requests whose runs have all ended end: done (partial when asked-for values are missing or a search run failed, no_objects), or failed (all_runs_failed with nothing to show, missing_value when no input object had a key). Read after the result was rebuilt.';

revoke execute on function etl_api.activity_ends(uuid[]) from public;
grant execute on function etl_api.activity_ends(uuid[]) to service_role;

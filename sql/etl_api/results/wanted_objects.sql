create or replace function etl_api.wanted_objects(activity_request_ids uuid[])
returns table (activity_request_id uuid, ranked boolean, wanted int)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Where use cases rank what is found, more may be looked at than is kept.
  return query
  select ar.id, criteria.exist,
    case when criteria.exist
      then greatest(ar.max_objects, case when ar.max_objects is not null then utils.int_or_null(ar.config -> 'max_candidates') end)
      else ar.max_objects end
  from public.activity_request as ar
  cross join lateral (
    select exists (
      select 1
      from public.factor as f
      where f.activity_id = ar.activity_id
        and not f.is_guardrail
        and f.object_type_id = ar.object_type_id
        and f.datapoint_id is not null
        and (f.org_id is null or f.org_id = ar.org_id)) as exist
  ) as criteria
  where ar.id = any (activity_request_ids)
    and ar.result_role = 'result';
end
$$;

comment on function etl_api.wanted_objects(uuid[]) is
  'How many objects each of these searches looks for (null: all there are) and whether its use cases rank them: max_objects, or, when ranked, config.max_candidates where that is more.';

revoke execute on function etl_api.wanted_objects(uuid[]) from public;
grant execute on function etl_api.wanted_objects(uuid[]) to service_role;

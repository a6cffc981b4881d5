create or replace function etl_api.refuse_input_objects(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  pairs record;
begin
  if not etl_api.has_factors(activity_request_ids, true) then
    return;
  end if;

  select pg_catalog.array_agg(ao.activity_request_id order by ao.ordinal) as activity_request_ids,
    pg_catalog.array_agg(ao.object_id order by ao.ordinal) as object_ids
  into pairs
  from public.activity_object as ao
  where ao.activity_request_id = any (activity_request_ids)
    and ao.role = 'input';
  perform 1 from etl_api.refuse_objects(pairs.activity_request_ids, pairs.object_ids, null, 'before_run');
end
$$;

comment on function etl_api.refuse_input_objects(uuid[]) is
  'Holds the input objects of activity requests against their guardrails before runs are made: what is refused here gets none.';

revoke execute on function etl_api.refuse_input_objects(uuid[]) from public;
grant execute on function etl_api.refuse_input_objects(uuid[]) to service_role;

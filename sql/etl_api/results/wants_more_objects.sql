create or replace function etl_api.wants_more_objects(activity_request_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select w.wanted is null or w.wanted > (
    select pg_catalog.count(*)
    from public.activity_object as found
    where found.activity_request_id = wants_more_objects.activity_request_id
      and found.role = 'result')
  from etl_api.wanted_objects(array[wants_more_objects.activity_request_id]) as w
$$;

comment on function etl_api.wants_more_objects(uuid) is
  'Whether a search looks for more objects than have qualified until now.';

revoke execute on function etl_api.wants_more_objects(uuid) from public;
grant execute on function etl_api.wants_more_objects(uuid) to service_role;

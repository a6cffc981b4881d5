create or replace function public.deliver_activity_result(activity_request_id uuid) returns int
language sql
set search_path = ''
as $$
  select etl_api.deliver_activity_results(array[activity_request_id])
$$;

comment on function public.deliver_activity_result(uuid) is
  'Queues the message of one activity request that has ended; see etl_api.deliver_activity_results.';

revoke execute on function public.deliver_activity_result(uuid) from public, anon, authenticated;
grant execute on function public.deliver_activity_result(uuid) to service_role;

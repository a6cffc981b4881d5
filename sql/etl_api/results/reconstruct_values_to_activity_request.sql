create or replace function etl_api.reconstruct_values_to_activity_request(activity_request_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.reconstruct_values_to_activity_requests(array[activity_request_id]);
  return (
    select r.objects
    from public.activity_result as r
    where r.activity_request_id = reconstruct_values_to_activity_request.activity_request_id);
end
$$;

comment on function etl_api.reconstruct_values_to_activity_request(uuid) is
  'Rebuilds the result of one activity request and returns its objects; null when there is no such request.';

revoke execute on function etl_api.reconstruct_values_to_activity_request(uuid) from public;
grant execute on function etl_api.reconstruct_values_to_activity_request(uuid) to service_role;

create or replace function etl_api.run_was_refused(root_id uuid, object_id uuid default null) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
      select 1
      from public.run_request as r
      join public.guardrail_refusal as refused on refused.run_request_id = r.id
      where r.root_id = run_was_refused.root_id
        and (run_was_refused.object_id is null or refused.object_id = run_was_refused.object_id))
    -- A search has brought something when an object it told of is among the results.
    and (run_was_refused.object_id is not null or not exists (
      select 1
      from public.run_request as r
      join public.activity_object as ao
        on ao.activity_request_id = r.activity_request_id
        and ao.role = 'result'
      join public.value as v
        on v.object_id = ao.object_id
        and v.run_request_id = r.id
      where r.root_id = run_was_refused.root_id));
end
$$;

comment on function etl_api.run_was_refused(uuid, uuid) is
  'Whether guardrails refused what a chain of HTTP requests brought: of an object it asked about something, of a search all.';

revoke execute on function etl_api.run_was_refused(uuid, uuid) from public;
grant execute on function etl_api.run_was_refused(uuid, uuid) to service_role;

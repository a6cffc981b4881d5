create or replace function etl_api.run_was_refused(activity_request_id uuid, root_id uuid, object_id uuid default null)
returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- "offset 0" keeps a look-up a look-up: of an object that was asked about, by its refusals, which are few.
  if run_was_refused.object_id is not null then
    return exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = run_was_refused.activity_request_id
        and refused.object_id = run_was_refused.object_id
        and exists (
          select 1
          from public.run_request as r
          where r.id = refused.run_request_id
            and r.root_id = run_was_refused.root_id
          offset 0));
  end if;

  -- A search has brought something when an object it told of is among the results.
  return exists (
      select 1
      from public.run_request as r
      join public.guardrail_refusal as refused on refused.run_request_id = r.id
      where r.activity_request_id = run_was_refused.activity_request_id
        and r.root_id = run_was_refused.root_id)
    and not exists (
      select 1
      from public.activity_object as ao
      where ao.activity_request_id = run_was_refused.activity_request_id
        and ao.role = 'result'
        and exists (
          select 1
          from public.value as v
          join public.run_request as r on r.id = v.run_request_id
          where v.object_id = ao.object_id
            and r.root_id = run_was_refused.root_id
          offset 0));
end
$$;

comment on function etl_api.run_was_refused(uuid, uuid, uuid) is
  'Whether guardrails refused what a chain of HTTP requests brought for an activity request: of an object it asked about something, of a search all.';

revoke execute on function etl_api.run_was_refused(uuid, uuid, uuid) from public;
grant execute on function etl_api.run_was_refused(uuid, uuid, uuid) to service_role;

create or replace function etl_api.explain_run_request(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  request public.run_request;
  first record;
begin
  select r.* into request
  from public.run_request as r
  where r.id = explain_run_request.id;
  first := etl_api.explain_state('run_request', id,
    pg_catalog.format('The HTTP request (%s%s) to source %s', request.kind,
      case when request.page > 1 then ', page ' || request.page else '' end,
      (select s.name from public.source as s where s.id = request.source_id)),
    request.state::text, request.state_substate,
    case when request.state in ('failed', 'timedout', 'invalid') then request.error ->> 'message' end);
  return next first.sentence;

  return query select etl_api.explain_open_requests(request.activity_request_id, null, id);
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_run_request(uuid) is
  'The sentences about an HTTP request; see explain.';

revoke execute on function etl_api.explain_run_request(uuid) from public;

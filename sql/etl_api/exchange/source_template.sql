create or replace function etl_api.source_template(source public.source, kind text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case kind
    when 'run' then source.run_request_template
    when 'status' then source.status_request_template
    when 'delivery' then source.delivery_request_template
  end;
end
$$;

comment on function etl_api.source_template(public.source, text) is
  'The request template of a source for a kind of HTTP request: run, status or delivery.';

revoke execute on function etl_api.source_template(public.source, text) from public;
grant execute on function etl_api.source_template(public.source, text) to service_role;

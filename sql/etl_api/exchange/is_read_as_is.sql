create or replace function etl_api.is_read_as_is(source public.source, kind text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return case kind
      when 'run' then coalesce(source.status_request_template, source.delivery_request_template) is null
      when 'delivery' then true
      else false
    end
    and not coalesce(etl_api.source_template(source, kind) -> 'response' ?| '{error,next_cursor}', false);
end
$$;

comment on function etl_api.is_read_as_is(public.source, text) is
  'Whether every good answer to a kind of HTTP request is the result itself: nothing in it says otherwise, or where to go on. See judge_answer.';

revoke execute on function etl_api.is_read_as_is(public.source, text) from public;
grant execute on function etl_api.is_read_as_is(public.source, text) to service_role;

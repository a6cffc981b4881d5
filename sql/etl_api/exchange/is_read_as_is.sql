create or replace function etl_api.is_read_as_is(source public.source, kind text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  template constant jsonb := etl_api.source_template(source, kind);
begin
  return case kind
      when 'run' then coalesce(source.status_request_template, source.delivery_request_template) is null
      when 'delivery' then true
      else false
    end
    and not coalesce(template -> 'response' ?| '{error,next_cursor}', false)
    and pg_catalog.strpos(
      (case when pg_catalog.jsonb_typeof(template) = 'object' then template - 'response' else template end)::text, '<<$page') = 0;
end
$$;

comment on function etl_api.is_read_as_is(public.source, text) is
  'Whether every good answer to a kind of HTTP request is the whole result: nothing in it says otherwise, and none follows it. See judge_answer, answers_to_follow.';

revoke execute on function etl_api.is_read_as_is(public.source, text) from public;
grant execute on function etl_api.is_read_as_is(public.source, text) to service_role;

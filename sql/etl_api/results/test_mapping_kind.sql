create or replace function etl_api.test_mapping_kind(source public.source) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when source.delivery_request_template is not null then 'delivery'
    when source.status_request_template is not null then 'status'
    else 'run'
  end
$$;

comment on function etl_api.test_mapping_kind(public.source) is
  'The kind of HTTP request whose answer holds the objects of a source: run, or the last one of an asynchronous source.';

revoke execute on function etl_api.test_mapping_kind(public.source) from public;

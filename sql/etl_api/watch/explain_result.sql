create or replace function etl_api.explain_result(activity_request_id uuid) returns setof text
language sql stable
set search_path = ''
as $$
  select pg_catalog.format('Its result has %s with %s; %s missing.',
    etl_api.explain_count((r.summary ->> 'objects')::bigint, 'object', 'objects'),
    etl_api.explain_count((r.summary ->> 'values')::bigint, 'value', 'values'),
    case r.summary -> 'missing'
      when '0' then 'nothing asked for is'
      else etl_api.explain_count((r.summary ->> 'missing')::bigint, 'value asked for is', 'values asked for are')
    end)
  from public.activity_result as r
  where r.activity_request_id = explain_result.activity_request_id
$$;

comment on function etl_api.explain_result(uuid) is
  'How much is in the result of an activity request; no row when it has none.';

revoke execute on function etl_api.explain_result(uuid) from public;

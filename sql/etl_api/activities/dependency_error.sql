create or replace function etl_api.dependency_error(activity_request_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', 'dependency_failed',
    'path', '$.data.' || before.activity_key,
    'found', before.state,
    'message', pg_catalog.format('This activity takes the objects of %s, which ended as %s.', before.activity_key, before.state),
    'hint', pg_catalog.format('Retry %s, then this one.', before.activity_key))
  from public.activity_dependency as d
  join public.activity_request as before on before.id = d.depends_on_id
  where d.activity_request_id = dependency_error.activity_request_id
    and before.state in ('failed', 'timedout', 'invalid')
  order by before.activity_key
  limit 1
$$;

comment on function etl_api.dependency_error(uuid) is
  'Which activity an activity request waited for in vain: {code, path, found, message, hint}.';

revoke execute on function etl_api.dependency_error(uuid) from public;
grant execute on function etl_api.dependency_error(uuid) to service_role;
